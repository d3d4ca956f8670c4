import {
  type DeadLetterDto,
  type DiscardResultDto,
  type ListDeadLettersQueryDto,
  type ReplayResultDto,
  type SelectDeadLettersDto,
} from '@herald/contracts';
import {
  type Database,
  type DeadLetter,
  type DeadLetterOwner,
  discardDeadLetters,
  listDeadLetters,
  replayDeadLetters,
} from '@herald/db';
import { type Logger, type Principal } from '@herald/platform';
import { type DeliveryQueues } from '@herald/queue';
import { ID_CURSOR, pageOf } from '../http/page';
import { forTenant } from '../http/tenant-of';
import { type AdminMetrics } from '../metrics';
import { REDIS_PATIENCE_MS, within } from '../within';
import { selectDeadLetters } from './select-dead-letters';
import { settleSelected } from './settle-selected';

export interface DeadLetterDeps {
  db: Database;
  queues: Pick<DeliveryQueues, 'ring' | 'hideDead'>;
  metrics: AdminMetrics;
}

export function deadLetterHandlers({ db, queues, metrics }: DeadLetterDeps) {
  return {
    listDeadLetters: forTenant<unknown, ListDeadLettersQueryDto>(
      db,
      async (tenantId, { query, principal }) => {
        const { channel, reason, provider } = query;
        const filter = { channel, reason, provider };
        const owner = ownerOf(tenantId, principal);
        const find = (page: { limit: number; before?: string }) => listDeadLetters(db, owner, filter, page);
        return { status: 200, body: await pageOf(query, { cursor: ID_CURSOR, find, view: toView }) };
      },
    ),

    replayDeadLetters: forTenant<SelectDeadLettersDto>(db, async (tenantId, { body, principal, log }) => {
      const owner = ownerOf(tenantId, principal);
      const { settled, left } = await settleSelected(db, owner, selectDeadLetters(body), {
        settle: replayDeadLetters,
        onSettled: async (letters) => {
          for (const { channel } of letters) metrics.replayed.inc({ channel });
          await tellRedis(log, metrics, async () => {
            await queues.ring(letters.map(({ id, channel, lane }) => ({ id, tenantId, channel, lane })));
            await queues.hideDead(letters);
          });
        },
      });
      const result: ReplayResultDto = { replayed: settled, ...(left.length > 0 && { notReplayed: left }) };
      return { status: 200, body: result };
    }),

    discardDeadLetters: forTenant<SelectDeadLettersDto>(db, async (tenantId, { body, principal, log }) => {
      const owner = ownerOf(tenantId, principal);
      const { settled, left } = await settleSelected(db, owner, selectDeadLetters(body), {
        settle: discardDeadLetters,
        onSettled: async (letters) => {
          for (const { channel } of letters) metrics.discarded.inc({ channel });
          await tellRedis(log, metrics, () => queues.hideDead(letters));
        },
      });
      const result: DiscardResultDto = {
        discarded: settled,
        ...(left.length > 0 && { notDiscarded: left }),
      };
      return { status: 200, body: result };
    }),
  };
}

/** A test key sees and settles what test keys posted, a live key what live keys did, the operator both. */
function ownerOf(tenantId: string, principal: Principal): DeadLetterOwner {
  return principal.kind === 'tenant' ? { tenantId, live: principal.live } : { tenantId };
}

/** What is replayed is durable already: without Redis the relay rings for it a little later. */
async function tellRedis(log: Logger, metrics: AdminMetrics, tell: () => Promise<void>): Promise<void> {
  try {
    await within(REDIS_PATIENCE_MS, tell());
  } catch (error) {
    metrics.ringFailures.inc();
    log.warn({ err: error }, 'Redis could not be told of settled dead letters');
  }
}

function toView(letter: DeadLetter): DeadLetterDto {
  return {
    id: letter.id,
    notificationId: letter.notificationId,
    channel: letter.channel,
    priority: letter.lane,
    provider: letter.provider ?? undefined,
    reason: letter.reason,
    code: letter.code ?? undefined,
    attempts: letter.attempts,
    at: letter.at.toISOString(),
  };
}
