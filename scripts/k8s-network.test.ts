import { BlockList } from 'node:net';
import {
  ADMIN_ROUTES,
  EDGE_ROUTES,
  FEED_SOCKET_PATH,
  INGEST_ROUTES,
  REALTIME_ROUTES,
} from '@herald/contracts';
import { describeOverlays, type Labels, type Manifest, read, selects } from './k8s-manifests';

interface Path {
  path: string;
  pathType: 'Exact' | 'Prefix';
  service: string;
}

/** What each service answers to clients, beyond its routes: the socket, the reference of the API, the page of queues. */
const ROUTED: [string, readonly string[]][] = [
  ['ingest-api', [...pathsOf(INGEST_ROUTES), '/', '/docs', '/docs/start.js', '/openapi.json']],
  ['admin-api', [...pathsOf(ADMIN_ROUTES), '/queues', '/queues/api/queues']],
  ['edge', pathsOf(EDGE_ROUTES)],
  ['realtime', [...pathsOf(REALTIME_ROUTES), FEED_SOCKET_PATH]],
];
const NOT_ROUTED = ['/livez', '/readyz', '/metrics', '/v1', '/v1/feeds', '/v1/notifications-of-others'];
/** Of private networks of the cluster and of the cloud; the last two are addresses of the metadata service. */
const INTERNAL = [
  '10.1.2.3',
  '172.20.0.1',
  '192.168.7.7',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.169.254',
  'fd00:ec2::254',
];
const PROVIDERS = ['17.188.143.1', '142.250.1.95', '2a00:1450::5f'];
const ON_THE_INTERNET = [
  'edge',
  'worker-email',
  'worker-push',
  'worker-sms',
  'worker-webhook',
  'worker-webpush',
];

describeOverlays('k8s network', ({ name: overlay, deployments, workloads, of }) => {
  const policies = of('NetworkPolicy').map(({ metadata, spec }) => ({ name: metadata.name, ...spec }));
  const policiesOf = (labels: Labels, type: string) =>
    policies.filter(
      ({ podSelector, policyTypes }) => selects(podSelector, labels) && policyTypes.includes(type),
    );
  const rules = (labels: Labels, direction: 'ingress' | 'egress'): Manifest[] =>
    policiesOf(labels, direction === 'ingress' ? 'Ingress' : 'Egress').flatMap(
      (policy) => policy[direction] ?? [],
    );
  const everyone = workloads.map((workload) => [workload.name, workload] as const);

  it('has a service for each API, to a port that its pods have', () => {
    for (const { metadata, spec } of of('Service')) {
      const behind = deployments.filter(({ labels }) => selects({ matchLabels: spec.selector }, labels));
      expect(behind.map(({ name }) => name)).toEqual([metadata.name]);
      const ports = behind[0]?.container.ports.map(({ name }: Labels) => name);
      for (const { targetPort } of spec.ports) expect(ports).toContain(targetPort);
    }
    const services = of('Service').map(({ metadata }) => metadata.name);
    const sandbox = overlay === 'dev' ? ['sandbox'] : [];
    expect(services.sort()).toEqual([...ROUTED.map(([service]) => service), ...sandbox].sort());
  });

  describe('policies', () => {
    it.each(everyone)('%s: is closed in both directions but for what is allowed', (_name, { labels }) => {
      for (const type of ['Ingress', 'Egress'])
        expect(policiesOf(labels, type).map((policy) => policy.name)).toContain('default-deny');
      expect(rules(labels, 'ingress').filter(({ from, ports }) => !from?.length || !ports?.length)).toEqual(
        [],
      );
      expect(rules(labels, 'egress').filter(({ to }) => !to?.length)).toEqual([]);
    });

    it('let the ingress controller reach the APIs, and Prometheus all that it scrapes', () => {
      const reachedFrom = (namespace: string) =>
        workloads
          .filter(({ labels }) =>
            rules(labels, 'ingress').some(({ from }) =>
              from.some(
                (peer: Manifest) =>
                  peer.namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] === namespace,
              ),
            ),
          )
          .map(({ name }) => name);
      expect(reachedFrom('ingress-nginx').sort()).toEqual(ROUTED.map(([service]) => service).sort());
      const services = deployments.filter(({ name }) => name !== 'sandbox').map(({ name }) => name);
      expect(reachedFrom('monitoring')).toEqual(expect.arrayContaining(services));
    });

    it.each(everyone)(
      '%s: reaches the internet if it has to, and nothing internal that way',
      (name, { labels }) => {
        const blocks = rules(labels, 'egress')
          .flatMap(({ to }) => to.flatMap(({ ipBlock }: Manifest) => ipBlock ?? []))
          .filter(({ cidr }) => cidr === '0.0.0.0/0' || cidr.includes(':'));
        const reached = (address: string) => blocks.some((block) => within(address, block));
        expect(PROVIDERS.filter(reached)).toEqual(ON_THE_INTERNET.includes(name) ? PROVIDERS : []);
        expect(INTERNAL.filter(reached)).toEqual([]);
      },
    );

    it('let those reach Postgres, Redis and names that need them', () => {
      const reaching = (port: number) =>
        workloads
          .filter(({ labels }) =>
            rules(labels, 'egress').some(({ ports = [] }) =>
              ports.some((open: Manifest) => open.port === port),
            ),
          )
          .map(({ name }) => name);
      const usersOf = (key: string) =>
        workloads
          .filter(({ container }) => container.env.some(({ name }: Labels) => name === key))
          .map(({ name }) => name);
      expect(reaching(5432)).toEqual(usersOf('DATABASE_URL'));
      expect(reaching(6379)).toEqual(usersOf('REDIS_URL'));
      expect(reaching(53)).toEqual(workloads.map(({ name }) => name));
    });
  });

  describe('ingress', () => {
    const paths = of('Ingress').flatMap(({ spec }) => spec.rules.flatMap(pathsOfRule));
    const hosts = of('Ingress').flatMap(({ spec }) => spec.rules.map(({ host }: Labels) => host));

    it('is for one host, with a certificate in production', () => {
      expect(new Set(hosts).size).toBe(1);
      if (overlay === 'dev') return;
      for (const { spec } of of('Ingress'))
        expect(spec.tls).toEqual([{ hosts: [hosts[0]], secretName: 'herald-tls' }]);
    });

    it.each(ROUTED)('brings everything of %s to it alone', (service, routes) => {
      const astray = routes.filter((path) => backendsOf(paths, path).join() !== service);
      expect(astray).toEqual([]);
    });

    it('knows every route of the API', () => {
      const routed = new Set(ROUTED.flatMap(([, routes]) => routes));
      const documented = Object.keys(JSON.parse(read('docs/api/openapi.json')).paths);
      expect(documented.filter((path) => !routed.has(path))).toEqual([]);
    });

    it('has no path without a route, and none to what is not for the outside', () => {
      const routed = ROUTED.flatMap(([, routes]) => routes);
      expect(paths.filter((path) => !routed.some((route) => matches(path, route)))).toEqual([]);
      expect(NOT_ROUTED.flatMap((path) => backendsOf(paths, path))).toEqual([]);
    });
  });
});

function pathsOf(routes: readonly { path: string }[]): string[] {
  return [...new Set(routes.map(({ path }) => path))];
}

function pathsOfRule(rule: Manifest): Path[] {
  return rule.http.paths.map(({ path, pathType, backend }: Manifest) => {
    expect(backend.service.port).toEqual({ name: 'http' });
    return { path, pathType, service: backend.service.name };
  });
}

/** The services behind all paths that take it: with more than one, which of them answers depends on the controller. */
function backendsOf(paths: Path[], path: string): string[] {
  return [...new Set(paths.filter((candidate) => matches(candidate, path)).map(({ service }) => service))];
}

/** As networking.k8s.io/v1 defines it: a prefix ends where an element of the path does. */
function matches({ path, pathType }: Path, request: string): boolean {
  if (pathType === 'Exact') return path === request;
  return path === '/' || path === request || request.startsWith(`${path}/`);
}

function within(address: string, { cidr, except = [] }: { cidr: string; except?: string[] }): boolean {
  return contains(cidr, address) && !except.some((hole) => contains(hole, address));
}

function contains(cidr: string, address: string): boolean {
  const family = (text: string) => (text.includes(':') ? 'ipv6' : 'ipv4');
  if (family(cidr) !== family(address)) return false;
  const [network = '', bits] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family(cidr));
  return list.check(address, family(address));
}
