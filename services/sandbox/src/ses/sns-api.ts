import type { IncomingMessage, ServerResponse } from 'node:http';
import { send } from '../behaviours/respond';
import type { SnsSigner } from './sns-signer';
import { SNS_PATH, type SnsTopic } from './sns-topic';

const XML = { 'content-type': 'text/xml' };

/**
 * The part of SNS that its subscribers need: the certificate, and by query `ConfirmSubscription` and, to make one,
 * `Subscribe` with an `Endpoint`. It has no login: the sandbox has none.
 */
export function snsApi(topic: SnsTopic, signer: SnsSigner) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://sandbox');
    if (pathname === SNS_PATH + signer.certificateFile) {
      return send(res, {
        status: 200,
        headers: { 'content-type': 'application/x-pem-file' },
        body: signer.certificate,
      });
    }
    if (pathname !== SNS_PATH) return send(res, { status: 404, headers: XML, body: '<Error/>' });
    const action = searchParams.get('Action') ?? '';
    const done = searchParams.get('TopicArn') === topic.topicArn && perform(action, searchParams, topic);
    send(res, { status: done ? 200 : 400, headers: XML, body: done ? `<${action}Response/>` : '<Error/>' });
  };
}

/** Whether there is such an action and its parameters have sense. */
function perform(action: string, parameters: URLSearchParams, topic: SnsTopic): boolean {
  if (action === 'ConfirmSubscription') return topic.confirm(parameters.get('Token'));
  const endpoint = parameters.get('Endpoint') ?? '';
  if (action !== 'Subscribe' || !/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) return false;
  topic.subscribe(endpoint);
  return true;
}
