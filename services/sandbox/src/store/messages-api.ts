import { type Response, Router } from 'express';
import { invalid, problem, sendProblem } from '../http/problem';
import { EMAIL_FRAME_HEADERS, emailFrame } from './email-frame';
import { findMessages } from './find-messages';
import type { LiveUpdates } from './live-updates';
import type { MessageStore, StoredMessage } from './message-store';
import { parseMessageQuery } from './parse-message-query';

/** Reading what arrived: lists, one message, its HTML, the live stream, and counts. */
export function messagesApi(store: MessageStore, live: LiveUpdates): Router {
  const router = Router();
  router.get('/messages', async (req, res) => {
    const parsed = parseMessageQuery(new URL(req.originalUrl, 'http://sandbox').searchParams);
    if (!parsed.ok) return sendProblem(res, invalid(parsed.errors));
    const { view, ...filter } = parsed.query;
    const { items, total } = await findMessages(store, filter);
    const described = [];
    for (const stored of items) described.push(await describe(stored, view === 'brief' ? 'brief' : 'fields'));
    res.json({ items: described, total });
  });
  router.delete('/messages', (_req, res) => {
    store.clear();
    res.status(204).end();
  });
  router.get('/messages/stream', (_req, res) => live.add(res));
  router.get('/messages/:id', async (req, res) => {
    const stored = store.get(req.params.id);
    if (stored === undefined) return sendProblem(res, gone());
    res.json(await describe(stored, 'whole'));
  });
  router.get('/messages/:id/html', async (req, res) => {
    const html = (await store.get(req.params.id)?.message.fields())?.html ?? null;
    if (html === null) return sendProblem(res, gone());
    sendEmailFrame(res, html);
  });
  router.get('/stats', (_req, res) => {
    res.json({ counts: store.counts(), total: store.size });
  });
  return router;
}

async function describe({ id, receivedAt, message }: StoredMessage, part: 'brief' | 'fields' | 'whole') {
  return { id, receivedAt: receivedAt.toISOString(), ...(await message[part]()) };
}

function sendEmailFrame(res: Response, html: string): void {
  res.set(EMAIL_FRAME_HEADERS).send(emailFrame(html));
}

const gone = () =>
  problem('not-found', 'There is no such message here, or no longer: only the newest are kept.');
