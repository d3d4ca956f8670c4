/**
 * The layers: arrows point down only. Services use libs and never each other (standalone composes them all), contracts
 * use nothing of ours, and each heavy library is at home in one place.
 */
const TESTS = '\\.(test|int\\.test|browser\\.test)\\.ts$|/testing/|\\.fixture\\.ts$';
const lib = (name) => `^libs/${name}/`;

/** A lib may use these libs and itself; `services` are never among them. */
const ALLOWED = {
  contracts: [],
  embedded: [],
  domain: ['contracts'],
  platform: ['contracts'],
  db: ['contracts', 'domain'],
  queue: ['contracts', 'domain'],
  delivery: ['contracts', 'domain', 'platform', 'db', 'queue'],
  providers: ['contracts', 'domain', 'platform', 'delivery'],
};

/** Where a package may be used; everywhere else it is forbidden. */
const HOMES = {
  typeorm: lib('db'),
  bullmq: lib('queue'),
  nodemailer: lib('providers'),
  twilio: lib('providers'),
  pino: lib('platform'),
  'prom-client': lib('platform'),
};

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'services-do-not-import-services',
      comment: 'Only standalone composes services.',
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: `^services/standalone/|${TESTS}` },
      to: {
        path: '^services/|^@herald/(ingest-api|admin-api|edge|realtime|worker-|scheduler|sandbox|standalone)',
        pathNot: '^services/$1/',
      },
    },
    {
      name: 'libs-do-not-import-services',
      severity: 'error',
      from: { path: '^libs/', pathNot: TESTS },
      to: { path: '^services/' },
    },
    ...Object.entries(ALLOWED).map(([name, allowed]) => ({
      name: `${name}-uses-only-what-is-below`,
      severity: 'error',
      from: { path: lib(name), pathNot: TESTS },
      to: { path: '^libs/', pathNot: [name, ...allowed].map(lib).join('|') },
    })),
    {
      name: 'testing-is-for-tests',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: `^libs/testing/|${TESTS}` },
      to: { path: lib('testing') },
    },
    ...Object.entries(HOMES).map(([name, home]) => ({
      name: `${name}-has-one-home`,
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: `${home}|^services/sandbox/|${TESTS}` },
      to: { path: `node_modules/${name}/` },
    })),
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: `^libs/testing/|${TESTS}` },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json', '.d.ts'],
    },
  },
};
