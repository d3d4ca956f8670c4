import { type RouteContract } from '@herald/contracts';
import { type Express } from 'express';

type KnownRoute = Pick<RouteContract, 'method' | 'path'>;

const ROUTES = 'herald:routes';

/** Remembers a route on its app, so that a known path with another method can be told from an unknown one. */
export function rememberRoute(app: Express, { method, path }: KnownRoute): void {
  const routes: KnownRoute[] = app.locals[ROUTES] ?? [];
  app.locals[ROUTES] = routes;
  routes.push({ method, path });
}

/** The methods that the app's routes answer at a path, as an Allow header lists them. */
export function allowedMethods(app: Express, path: string): string[] {
  const routes: KnownRoute[] = app.locals[ROUTES] ?? [];
  const methods = routes
    .filter((route) => matches(route.path, path))
    .map((route) => route.method.toUpperCase());
  if (methods.includes('GET')) methods.push('HEAD');
  return [...new Set(methods)].sort();
}

/** `/v1/things/{id}` as Express writes it. */
export function expressPath(template: string): string {
  return template.replace(/\{(\w+)\}/g, ':$1');
}

function matches(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.replace(/(?<=.)\/$/, '').split('/');
  return (
    wanted.length === given.length &&
    wanted.every((segment, i) => segment.startsWith('{') || segment === given[i])
  );
}
