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
