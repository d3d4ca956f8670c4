/**
 * Checks package-lock.json: each package of others comes from the registry, with the hash of what was reviewed, and none of
 * them runs a script when it is installed, unless package.json says that it was looked at (`allowScripts`).
 */
const lock = require('../package-lock.json');
const { allowScripts } = require('../package.json');

const REGISTRY = 'https://registry.npmjs.org/';
const HASH = /^sha512-[A-Za-z0-9+/]{86}==$/;

/** What is wrong with an entry of the lock file, in words. */
function faultsOf([path, entry]) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const faults = [];
  if (entry.resolved !== undefined && !entry.resolved.startsWith(REGISTRY))
    faults.push(`comes from ${entry.resolved}`);
  if (!HASH.test(entry.integrity ?? '')) faults.push('has no SHA-512 hash');
  if (entry.hasInstallScript && allowScripts[name] === undefined)
    faults.push('has an install script: look at it and add it to allowScripts in package.json');
  return faults.map((fault) => `${path} ${fault}`);
}

const packages = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && !link,
);
const faults = packages.flatMap(faultsOf);
if (faults.length > 0) {
  process.stderr.write(`package-lock.json:\n${faults.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(`package-lock.json: ${packages.length} packages, each with its hash.\n`);
