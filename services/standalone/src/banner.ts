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

/** A request that can be pasted into a shell. */
export function firstRequest(apiUrl: string, apiKey: string): string {
  const body = {
    to: { email: 'ada@example.com', phone: '+4915112345678' },
    content: { email: { subject: 'Hello', html: '<p>Hello Ada</p>' }, sms: { body: 'Hello Ada' } },
  };
  return [
    `curl -s ${apiUrl}/v1/notifications \\`,
    `  -H 'Authorization: Bearer ${apiKey}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${JSON.stringify(body)}'`,
  ].join('\n');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
