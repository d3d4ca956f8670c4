const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * A request to Herald that can be pasted into a shell.
 * @param {{ url: string, key: string } | null} api where Herald is; placeholders when the sandbox does not know
 */
export function sendCommand(subscription, api) {
  const body = {
    to: { webpush: [subscription] },
    content: { webpush: { title: 'Hello', body: 'Your order is on its way', url: location.href } },
  };
  return [
    `curl -s ${api?.url ?? 'http://127.0.0.1:3000'}/v1/notifications \\`,
    `  -H 'Authorization: Bearer ${api?.key ?? '<an API key>'}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d ${quoted(JSON.stringify(body))}`,
  ].join('\n');
}
