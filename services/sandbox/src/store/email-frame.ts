/**
 * What the page's frame may do: show the mail's own styles and its images, and open a link in a new tab. Nothing
 * runs, nothing is posted, nothing else is loaded.
 */
export const EMAIL_FRAME_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    'sandbox allow-popups allow-popups-to-escape-sandbox',
    "default-src 'none'",
    'img-src data: https:',
    "style-src 'unsafe-inline'",
    "frame-ancestors 'self'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

/** The HTML of a mail for a frame: links open in a new tab, as they would in a mail program. */
export function emailFrame(html: string): string {
  const base = '<base target="_blank">';
  const head = /<head(?:\s[^>]*)?>/i.exec(html);
  if (head === null) return base + html;
  const end = head.index + head[0].length;
  return html.slice(0, end) + base + html.slice(end);
}
