import { type RouteContract } from '@herald/contracts';
import { requestContext } from '@herald/platform';
import { type Express } from 'express';

/** Browsers keep the answer to a preflight no longer than two hours (Chromium) or a day (Firefox). */
const MAX_AGE_SECONDS = 7200;
const READABLE = 'ratelimit, ratelimit-policy, retry-after, x-request-id';

/**
 * Lets pages of any origin call the routes (CORS, Fetch standard). Callers have a token and send no cookies, so that a
 * page can do nothing that its user's token does not allow: credentials are not.
 */
export function allowAnyOrigin(app: Express, routes: readonly RouteContract[]): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
    app.use(path, (req, res, next) => {
      // `use` takes what lies below the path, too.
      if (req.path !== '/') return next();
      res.setHeader('access-control-allow-origin', '*');
      res.setHeader('access-control-expose-headers', READABLE);
      // Helmet's default would keep pages that isolate themselves (COEP) from reading the answer.
      res.setHeader('cross-origin-resource-policy', 'cross-origin');
      if (req.method !== 'OPTIONS') return next();
      const context = requestContext(res);
      if (context) context.route = path;
      res.setHeader('access-control-allow-methods', methods.join(', '));
      res.setHeader('access-control-allow-headers', 'authorization, content-type');
      res.setHeader('access-control-max-age', MAX_AGE_SECONDS);
      res.status(204).end();
    });
  }
}
