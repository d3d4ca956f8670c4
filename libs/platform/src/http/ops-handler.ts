import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Health } from '../health/health';
import { type Metrics } from '../metrics/metrics';
import { ProblemError } from './problem-error';
import { requestContext } from './request-context';
import { send, sendJson } from './send';

export interface OpsDeps {
  health: Health;
  metrics: Metrics;
}

type OpsRoute = (res: ServerResponse) => Promise<void>;

/**
 * Answers `/livez` (200 while the event loop turns), `/readyz` (503 while stopping or when a check fails, naming which)
 * and `/metrics`, on raw requests. Gives undefined for any other path.
 */
export function createOpsHandler({
  health,
  metrics,
}: OpsDeps): (req: IncomingMessage, res: ServerResponse) => Promise<void> | undefined {
  const routes: Record<string, OpsRoute> = {
    '/livez': async (res) => sendJson(res, 200, { ok: true }),
    '/readyz': async (res) => {
      const readiness = await health.ready();
      sendJson(res, readiness.ok ? 200 : 503, readiness);
    },
    '/metrics': async (res) => {
      const { contentType, body } = await metrics.render();
      send(res, 200, body, { 'content-type': contentType });
    },
  };
  return (req, res) => {
    const path = pathOf(req);
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) return undefined;
    const context = requestContext(res);
    if (context) {
      context.route = path;
      context.quiet = true;
    }
    if (req.method === 'GET' || req.method === 'HEAD') return route(res);
    return Promise.reject(
      new ProblemError('method-not-allowed', undefined, { headers: { allow: 'GET, HEAD' } }),
    );
  };
}

function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '/';
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
