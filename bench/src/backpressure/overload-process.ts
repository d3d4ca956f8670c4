import { connectAll } from '../load/http-connection';
import { prebuildRequests, type RequestPlan } from '../load/prebuilt-requests';
import { answerCalls } from '../processes/answer-calls';
import { type OverloadResult, overloadLoop } from './overload-loop';

export interface OverloadPlan extends RequestPlan {
  port: number;
  connections: number;
  perSecond: number;
}

export type OverloadCalls = {
  post(plan: OverloadPlan): Promise<OverloadResult>;
};

answerCalls<OverloadCalls>({
  post: async (plan) => {
    const requests = prebuildRequests(plan);
    const target = { host: plan.host, port: plan.port };
    const { connections, broken } = await connectAll(target, plan.connections);
    try {
      return await Promise.race([overloadLoop(connections, requests, plan.perSecond), broken]);
    } finally {
      for (const connection of connections) connection.close();
    }
  },
});
