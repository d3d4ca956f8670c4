# Every service and the migration in one image; the command says which:
#   docker build --tag herald .
#   docker run --env-file … herald services/ingest-api/dist/main.js
#   docker run --env-file … herald scripts/migrate.js
# The sandbox, for development only, is an image of its own:
#   docker build --target sandbox --tag herald-sandbox .

ARG NODE_IMAGE=node:20-bookworm-slim

# The manifests alone, so that a change of sources does not install anything again.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json -delete \
  && find . -mindepth 1 -type d -empty -delete \
  # The Postgres that `npm start` brings along.
  && npm pkg delete optionalDependencies

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY --from=manifests /app ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN rm -r services/standalone \
  && npx tsc -b services/* \
  # JavaScript and its source maps, which name lines but do not hold the sources.
  && mkdir /out \
  && find libs services -path '*/dist/*' ! -path '*/node_modules/*' \( -name '*.js' -o -name '*.js.map' \) -exec cp --parents -t /out {} + \
  && mkdir -p /out-sandbox/services && mv /out/services/sandbox /out-sandbox/services/

# What is needed at run time. The tests' own dependencies come with the workspaces, not with the root, so that
# `--omit=dev` alone would leave libs/testing and all that it needs.
FROM manifests AS production
RUN rm -r libs/embedded libs/testing services/standalone \
  && npm pkg delete devDependencies --workspaces --include-workspace-root

FROM production AS dependencies
RUN rm -r services/sandbox \
  && npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  # Installed as the optional peer of a dependency that only asks for its types.
  && rm -rf node_modules/typescript node_modules/@typescript \
  && find . -path '*/node_modules/*' -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -delete

FROM production AS sandbox-dependencies
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspace services/sandbox \
  && rm -rf node_modules/typescript node_modules/@typescript

FROM ${NODE_IMAGE} AS runtime
# Package managers have no work here: what is missing needs no update. The user has no shell and owns no file.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* \
    /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn* \
  && groupadd --gid 10001 herald \
  && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin herald
ENV NODE_ENV=production PORT=3000
WORKDIR /app
USER 10001:10001
EXPOSE 3000
# Ready: Postgres answers, and the process is not about to stop.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "require('http').get({ host: '127.0.0.1', port: process.env.PORT, path: '/readyz' }, (res) => process.exit(res.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# tini is process 1 and passes SIGTERM on: Herald drains, then exits 0. As process 1, Node would be deaf to it while its
# modules load. The young generation of 64 MB saves a fifth to a third of the CPU under load.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--", "node", "--enable-source-maps", "--max-semi-space-size=64"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.licenses="MIT"

FROM runtime AS sandbox
LABEL org.opencontainers.image.title="herald-sandbox" \
  org.opencontainers.image.description="The outside world for the development of Herald: mail server, SMS and push providers, and a page that shows what arrived. Not for production: it has no login."
# PORT is for the health check.
ENV HERALD_SANDBOX_HOST=0.0.0.0 HERALD_SANDBOX_HTTP_PORT=8025 PORT=8025
EXPOSE 8025 2525 2197
COPY --from=sandbox-dependencies /app ./
COPY --from=build /out/libs/contracts ./libs/contracts
COPY --from=build /out/libs/platform ./libs/platform
COPY --from=build /out-sandbox/services ./services
COPY services/sandbox/public ./services/sandbox/public
CMD ["services/sandbox/dist/main.js"]

FROM runtime AS herald
LABEL org.opencontainers.image.title="herald" \
  org.opencontainers.image.description="Self-hosted notification system: each service by its command."
COPY --from=dependencies /app ./
COPY --from=build /out/libs ./libs
COPY --from=build /out/services ./services
COPY docs/api/openapi.json ./docs/api/openapi.json
COPY scripts/migrate.js ./scripts/migrate.js
# Says how to choose a service; without it Node would wait for input.
CMD ["-e", "console.error('Say which service: services/<name>/dist/main.js, or scripts/migrate.js'); process.exit(64)"]
