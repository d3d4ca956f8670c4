/** Test projects: `unit` (no servers), `integration` (real Postgres and Redis), `e2e` (the started system over HTTP), `browser` (pages). */
const esmOnly = ['uuid', 'lru-cache', 'jose'].join('|');

const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: {
    '^.+\\.[mc]?[jt]sx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly})/)`],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: {
    '^@herald/(contracts|domain|platform|db|queue|delivery|providers|testing|embedded)$':
      '<rootDir>/libs/$1/src',
    '^@herald/(ingest-api|admin-api|edge|worker-email|worker-sms|worker-push|worker-webpush|worker-inapp|worker-webhook|realtime|scheduler|standalone|sandbox)$':
      '<rootDir>/services/$1/src',
  },
  modulePathIgnorePatterns: ['/dist/'],
  setupFilesAfterEnv: ['<rootDir>/libs/testing/src/jest/retry-once.ts'],
};

const servers = {
  globalSetup: '<rootDir>/libs/testing/src/jest/global-setup.ts',
  globalTeardown: '<rootDir>/libs/testing/src/jest/global-teardown.ts',
};

module.exports = {
  // Properties and real servers on a busy machine; a test that hangs still ends.
  testTimeout: 30_000,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{libs,services}/*/src/**/*.test.ts',
        '<rootDir>/{scripts,bench,chaos}/**/*.test.ts',
      ],
      testPathIgnorePatterns: ['/node_modules/', '/dist/', '\\.(int|browser)\\.test\\.ts$'],
    },
    {
      ...shared,
      ...servers,
      displayName: 'integration',
      testMatch: ['<rootDir>/{libs,services}/*/src/**/*.int.test.ts'],
    },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/e2e/**/*.test.ts'] },
    {
      ...shared,
      displayName: 'browser',
      testMatch: ['<rootDir>/services/*/src/**/*.browser.test.ts'],
    },
  ],
};
