import { CHANNELS, type Channel, type FieldError } from '@herald/contracts';
import type { MessageFilter } from './find-messages';

export interface MessageQuery extends MessageFilter {
  /** `brief` leaves out what has to be parsed: for a list that is read again and again. */
  view: 'full' | 'brief';
}

export type ParsedQuery = { ok: true; query: MessageQuery } | { ok: false; errors: FieldError[] };

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;
const KNOWN = ['channel', 'to', 'q', 'since', 'before', 'limit', 'view'] as const;

/** Reads the query of `GET /messages`. An empty parameter counts as left out; an unknown one is refused. */
export function parseMessageQuery(params: URLSearchParams): ParsedQuery {
  const errors: FieldError[] = [];
  for (const name of new Set(params.keys())) {
    if (!KNOWN.includes(name as never)) refuse(name, `is not known here; known are ${KNOWN.join(', ')}`);
    else if (params.getAll(name).length > 1) refuse(name, 'may be given once');
  }
  function refuse(pointer: string, detail: string): void {
    errors.push({ pointer, detail });
  }
  const text = (name: (typeof KNOWN)[number]): string | undefined => params.get(name) || undefined;

  const channel = text('channel');
  if (channel !== undefined && !CHANNELS.includes(channel as Channel)) {
    refuse('channel', `must be one of ${CHANNELS.join(', ')}`);
  }
  const since = text('since') === undefined ? undefined : new Date(text('since') as string);
  if (since !== undefined && Number.isNaN(since.getTime())) {
    refuse('since', 'must be a time such as 2025-11-22T12:00:00Z');
  }
  const limit = Number(text('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    refuse('limit', `must be a whole number from 1 to ${MAX_LIMIT}`);
  }
  const view = text('view') ?? 'full';
  if (view !== 'full' && view !== 'brief') refuse('view', 'must be full or brief');
  if (errors.length > 0) return { ok: false, errors };
  const filter = {
    channel: channel as Channel | undefined,
    to: text('to'),
    q: text('q'),
    since,
    before: text('before'),
  };
  return { ok: true, query: { ...filter, limit, view: view as MessageQuery['view'] } };
}
