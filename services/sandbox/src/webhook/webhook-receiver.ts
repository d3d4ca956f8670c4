import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Behaviours } from '../behaviours/behaviours';
import { type HttpAnswer, respond, retryAfter } from '../behaviours/respond';
import { problem, sendProblem, tooLarge } from '../http/problem';
import { MAX_BODY_BYTES, readBody } from '../http/read-body';
import type { SandboxLogger } from '../logger';
import type { MessageStore } from '../store/message-store';
import { type SignatureCheck, verifySignature } from './verify-signature';
import { WebhookMessage, webhookAddresses } from './webhook-message';

export interface WebhookReceiverOptions {
  /** The secrets (`whsec_…`) a signature may be made with; asked for each request. */
  secrets: () => readonly string[] | Promise<readonly string[]>;
  store: MessageStore;
  behaviours: Behaviours;
  logger: SandboxLogger;
}

/** Whether a request is for the receiver: `/webhook`, or any path below it. */
export const isWebhook = (url: string): boolean => /^\/webhook(?:[/?]|$)/.test(url);

/** Keeps each request with the verdict on its signature and answers 204, also when the signature does not hold. */
export function webhookReceiver(options: WebhookReceiverOptions) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.method !== 'POST') {
      res.setHeader('allow', 'POST');
      return sendProblem(res, problem('method-not-allowed', 'Webhooks are sent here with POST.'));
    }
    const read = await readBody(req);
    if (read.type === 'aborted') return;
    if (read.type === 'too-large') return sendProblem(res, tooLarge(MAX_BODY_BYTES));
    const { body } = read;
    const path = req.url ?? '/webhook';
    const url = `http://${req.headers.host ?? 'localhost'}${path}`;
    const signature = await check(options, req, body);
    const from = req.socket.remoteAddress ?? '';
    const request = { method: req.method, path, url, headers: req.headers, from, body, signature };
    await respond(res, options.behaviours.decide('webhook', webhookAddresses(request)), {
      take: () => {
        options.store.add(new WebhookMessage(request));
        return { status: 204 };
      },
      refusal,
      throttled: (seconds) => refusal(429, seconds),
      garbage: (response) => response.socket?.end('\u0000 this is not HTTP \u0000\r\n\r\n'),
    });
  };
}

async function check(
  options: WebhookReceiverOptions,
  req: IncomingMessage,
  body: Buffer,
): Promise<SignatureCheck> {
  try {
    return verifySignature(body, req.headers, await options.secrets());
  } catch (error) {
    options.logger.warn({ err: error }, 'the accepted webhook secrets could not be read');
    return { verified: false, reason: 'the accepted secrets could not be read' };
  }
}

/** A redirect leads to a path that takes webhooks too, so that following it would be seen. */
function refusal(code: number, retryAfterSeconds: number | undefined): HttpAnswer {
  const location: Record<string, string> =
    code >= 300 && code < 400 ? { location: '/webhook/redirected' } : {};
  return { status: code, headers: { ...location, ...retryAfter(retryAfterSeconds) } };
}
