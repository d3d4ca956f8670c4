import { firstRequest } from './first-request';
import { type Standalone } from './start-standalone';

/** What a newcomer needs next: where things are, a key, and a request that can be pasted. */
export function banner({ dev, smtpPort, servers }: Standalone, dataDir: string, elapsedMs: number): string {
  const seconds = (elapsedMs / 1000).toFixed(1);
  return `
Herald is running (${seconds} s).

  API        ${dev.apiUrl}        reference: ${dev.apiUrl}/docs
  Admin API  ${dev.adminUrl}
  Edge       ${dev.edgeUrl}        receipts of providers
  Sandbox    ${dev.sandboxUrl}        what arrives shows up here; SMTP on port ${smtpPort}
  Postgres   ${dev.databaseUrl} (${servers.postgresKind})
  Redis      ${dev.redisUrl} (${servers.redisKind})
  Data       ${dataDir}

  API key    ${dev.apiKey}
  Admin key  ${dev.adminKey}

Send a first notification:

${indent(firstRequest(dev.apiUrl, dev.apiKey))}

and look at ${dev.sandboxUrl}. Ctrl-C stops everything; the data stays.
`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
