#!/bin/sh
# Writes the .env of docker-compose.yml: .env.example with strong secrets. Needs nothing but a shell. It does not overwrite:
# with another encryption key Herald could not read the credentials that it has stored.
set -eu

usage() {
  cat >&2 <<'USAGE'
usage: scripts/generate-env.sh --edge-url URL [--output FILE]
       scripts/generate-env.sh --dev [--output FILE]

  --edge-url URL   where providers reach the edge service, e.g. https://edge.example.com
  --dev            start the sandbox too, and let deliveries go to it
  --output FILE    instead of .env beside docker-compose.yml
USAGE
  exit 64
}

root=$(cd "$(dirname "$0")/.." && pwd)
output=$root/.env
edge_url='' profiles='' targets=''
while [ $# -gt 0 ]; do
  case $1 in
    --dev) profiles=dev targets=sandbox ;;
    --edge-url | --output)
      [ $# -ge 2 ] || usage
      if [ "$1" = --output ]; then output=$2; else edge_url=$2; fi
      shift
      ;;
    *) usage ;;
  esac
  shift
done
# The sandbox reports from inside.
[ -n "$edge_url" ] || [ -z "$profiles" ] || edge_url=http://edge:3000
case $edge_url in http://?* | https://?*) ;; *) usage ;; esac

random() { head -c "$1" /dev/urandom; }
hex() { random "$1" | od -An -v -tx1 | tr -d ' \n'; }

fill() {
  SET_POSTGRES_PASSWORD=$(hex 24) SET_REDIS_PASSWORD=$(hex 24) SET_GRAFANA_PASSWORD=$(hex 16) \
    SET_HERALD_ENCRYPTION_KEYS=$(date +%Y)a:$(random 32 | base64) SET_HERALD_ADMIN_KEY=$(hex 32) \
    SET_EDGE_PUBLIC_URL=$edge_url SET_COMPOSE_PROFILES=$profiles SET_EGRESS_ALLOWED_TARGETS=$targets \
    awk '/^[A-Z_]+=$/ { $0 = $0 ENVIRON["SET_" substr($0, 1, length($0) - 1)] } { print }' "$root/.env.example"
}

if [ -e "$output" ]; then
  echo "$output exists already, and Herald may need the secrets in it: move it away first." >&2
  exit 73
fi
umask 077
# noclobber: also when another one wrote it in this moment.
set -C
fill > "$output"
echo "Wrote $output. Keep a copy in a safe place: without HERALD_ENCRYPTION_KEYS stored credentials are lost."
