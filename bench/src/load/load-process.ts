import { answerCalls } from '../processes/answer-calls';
import { closedLoop } from './closed-loop';
import { connectAll, type HttpConnection } from './http-connection';
import { type LoadResult } from './load-result';
import { openLoop } from './open-loop';
import { prebuildRequests, type RequestPlan } from './prebuilt-requests';

export interface LoadPlan extends RequestPlan {
  port: number;
  connections: number;
  /** Requests per second; as fast as the server answers when missing. */
  perSecond?: number;
}

export type LoadCalls = {
  /** Builds the requests and connects, so that neither is measured. */
  prepare(plan: LoadPlan): Promise<void>;
  run(argument: undefined): Promise<LoadResult>;
};

let prepared: { plan: LoadPlan; requests: Buffer[]; connections: HttpConnection[]; broken: Promise<never> };

answerCalls<LoadCalls>({
  prepare: async (plan) => {
    const requests = prebuildRequests(plan);
    const target = { host: plan.host, port: plan.port };
    prepared = { plan, requests, ...(await connectAll(target, plan.connections)) };
  },
  run: async () => {
    const { plan, requests, connections, broken } = prepared;
    try {
      const loop = plan.perSecond
        ? openLoop(connections, requests, plan.perSecond)
        : closedLoop(connections, requests);
      return await Promise.race([loop, broken]);
    } finally {
      for (const connection of connections) connection.close();
    }
  },
});
