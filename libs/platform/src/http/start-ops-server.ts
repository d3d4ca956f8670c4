import { type HttpConfig } from '../config/common-config';
import { createOpsHandler, type OpsDeps } from './ops-handler';
import { ProblemError } from './problem-error';
import { sendError } from './send';
import { type HttpServer, startHttpServer } from './start-http-server';

/** For services that serve nothing else: `/livez`, `/readyz` and `/metrics` on a port of their own. */
export async function startOpsServer(deps: OpsDeps & { config: { http: HttpConfig } }): Promise<HttpServer> {
  const ops = createOpsHandler(deps);
  return startHttpServer({
    ...deps.config.http,
    handler: (req, res) => {
      const answered = ops(req, res) ?? Promise.reject(new ProblemError('not-found'));
      answered.catch((error) => sendError(res, error));
    },
  });
}
