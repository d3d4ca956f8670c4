/** Brings the schema of DATABASE_URL up to date. Run it before a new version of the services; several at once are safe. */
const { migrate } = require('../libs/db');

const url = process.env.DATABASE_URL;
if (!url) {
  process.stderr.write(
    'DATABASE_URL: missing, wants a URL such as postgres://user:password@host:5432/herald\n',
  );
  process.exit(78);
}
migrate(url).then(
  () => process.stdout.write('The schema is up to date.\n'),
  (error) => {
    process.stderr.write(`Migration failed: ${error.message}\n`);
    process.exit(1);
  },
);
