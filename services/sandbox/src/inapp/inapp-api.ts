import { type FieldError, FORMATS } from '@herald/contracts';
import { json, type Request, type RequestHandler, type Response, Router } from 'express';
import { FieldReader, isObject } from '../behaviours/field-reader';
import { invalid, problem, sendProblem } from '../http/problem';
import { MAX_BODY_BYTES } from '../http/read-body';
import { MARKS } from './feed-item';
import type { InAppClient } from './inapp-client';

const MOST_IDS = 200;
const RECIPIENT = FORMATS['recipient-id'];

/**
 * `GET /inapp/recipients` says who is signed in, `POST` signs another one in, `POST /inapp/marks` marks items as their
 * recipient would. Only JSON is taken: a page of another origin then cannot post here without asking first.
 */
export function inappApi(client: InAppClient): Router {
  const router = Router();
  router.get('/inapp/recipients', (_req, res) => {
    res.json({ items: client.list() });
  });
  router.post('/inapp/recipients', ...jsonOnly, (req, res) => signIn(client, req, res));
  router.post('/inapp/marks', ...jsonOnly, (req, res) => mark(client, req, res));
  return router;
}

const jsonOnly: RequestHandler[] = [
  json({ limit: MAX_BODY_BYTES }),
  (req, res, next) => {
    if (req.is('application/json')) return next();
    sendProblem(res, problem('unsupported-media-type', 'Send JSON, with Content-Type: application/json.'));
  },
];

function signIn(client: InAppClient, req: Request, res: Response): void {
  const errors: FieldError[] = [];
  const reader = readerOf(req.body, errors);
  const recipient = readRecipient(reader);
  reader.refuseOthers();
  const outcome = errors.length > 0 ? undefined : client.signIn(recipient);
  if (outcome === undefined) sendProblem(res, invalid(errors));
  else if (outcome.type !== 'full') res.status(outcome.type === 'already' ? 200 : 201).json(outcome.session);
  else sendProblem(res, problem('conflict', `No more than ${outcome.most} can be signed in here.`));
}

async function mark(client: InAppClient, req: Request, res: Response): Promise<void> {
  const errors: FieldError[] = [];
  const reader = readerOf(req.body, errors);
  const recipient = readRecipient(reader);
  const ids = readIds(reader);
  const as = reader.oneOf('as', MARKS);
  reader.refuseOthers();
  if (errors.length > 0) return sendProblem(res, invalid(errors));
  const outcome = await client.mark(recipient, ids, as);
  if (outcome === undefined)
    return sendProblem(res, problem('not-found', 'That recipient is not signed in.'));
  if (outcome.type === 'disconnected') {
    const detail = 'The app has no connection to the feed; it tries again by itself.';
    return sendProblem(res, problem('unavailable', detail));
  }
  res.json({ changed: outcome.changed });
}

function readerOf(body: unknown, errors: FieldError[]): FieldReader {
  return new FieldReader(isObject(body) ? body : {}, '', errors);
}

function readRecipient(reader: FieldReader): string {
  const value = reader.raw('recipient');
  if (typeof value === 'string' && RECIPIENT.check(value)) return value;
  reader.refuse('recipient', `must be ${RECIPIENT.wants}`);
  return '';
}

function readIds(reader: FieldReader): string[] {
  const value = reader.raw('ids');
  const fits =
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= MOST_IDS &&
    value.every((id) => typeof id === 'string' && FORMATS.uuid.check(id));
  if (fits) return value;
  reader.refuse('ids', `must be a list of 1 to ${MOST_IDS} ids of items`);
  return [];
}
