import { join } from 'node:path';
import { type Express, type Response } from 'express';
// Not the package's index: that loads the whole bundle into the process.
import absolutePath from 'swagger-ui-dist/absolute-path.js';
import { requestContext } from './request-context';
import { rememberRoute } from './route-table';
import { send, sendJson } from './send';

export interface ApiReferenceOptions {
  openapi: object | (() => object);
  title?: string;
}

const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'] as const;
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Swagger UI sets style attributes.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const START_SCRIPT = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
`;

/** Adds `/openapi.json` and a reference page at `/docs` (and `/` leads there), all of it from this machine. */
export function serveApiReference(
  app: Express,
  { openapi, title = 'Herald API' }: ApiReferenceOptions,
): void {
  const folder = absolutePath();
  get(app, '/openapi.json', (res) =>
    sendJson(res, 200, typeof openapi === 'function' ? (openapi as () => object)() : openapi),
  );
  get(app, '/docs', (res) => sendPage(res, page(title)));
  get(app, '/', (res) => res.redirect(302, '/docs'));
  get(app, '/docs/start.js', (res) => {
    send(res, 200, START_SCRIPT, { 'content-type': 'text/javascript; charset=utf-8' });
  });
  for (const asset of ASSETS) {
    get(app, `/docs/${asset}`, (res) => res.sendFile(join(folder, asset), { maxAge: '1h' }));
  }
}

function get(app: Express, path: string, answer: (res: Response) => void): void {
  rememberRoute(app, { method: 'get', path });
  app.get(path, (_req, res) => {
    const context = requestContext(res);
    if (context) context.route = path;
    answer(res);
  });
}

function sendPage(res: Response, html: string): void {
  send(res, 200, html, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': PAGE_POLICY,
  });
}

function page(title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
