import { HttpConnection } from '../load/http-connection';
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
    let onFailure: (error: Error) => void = () => undefined;
    const broken = new Promise<never>((_resolve, reject) => {
      onFailure = reject;
    });
    broken.catch(() => undefined);
    const target = { host: plan.host, port: plan.port };
    const connections = await Promise.all(
      Array.from({ length: plan.connections }, () => HttpConnection.connect(target, onFailure)),
    );
    try {
      return await Promise.race([overloadLoop(connections, requests, plan.perSecond), broken]);
    } finally {
      for (const connection of connections) connection.close();
    }
  },
});
