import {
  CHANNELS,
  type Channel,
  type ChannelStatusDto,
  LANES,
  type LaneStatusDto,
  type PauseChannelDto,
} from '@herald/contracts';
import {
  agreeOnPauses,
  type Database,
  type Pause,
  pauseChannel,
  readKeptPauses,
  resumeChannel,
} from '@herald/db';
import { type Logger, ProblemError, type RouteContext, type RouteResult } from '@herald/platform';
import { type DeliveryQueues, type LaneFigures } from '@herald/queue';
import { REDIS_PATIENCE_MS, within } from './within';

export interface ChannelDeps {
  db: Database;
  queues: Pick<DeliveryQueues, 'figures' | 'readPauses' | 'setPauses'>;
}

/**
 * Postgres says what is paused and is written first; then Redis is made to agree. When that does not come to pass, the
 * workers' next look or the scheduler's brings it.
 */
export function channelHandlers(deps: ChannelDeps) {
  const { db } = deps;
  return {
    async listChannels({ log }: RouteContext): Promise<RouteResult> {
      return { status: 200, body: { items: await statusOf(deps, CHANNELS, log) } };
    },

    async pauseChannel({ params, body, log }: RouteContext<PauseChannelDto>): Promise<RouteResult> {
      const channel = channelOf(params);
      await pauseChannel(db, { channel, ...body });
      log.info({ channel }, 'channel paused');
      return carryOut(deps, channel, log);
    },

    async resumeChannel({ params, log }: RouteContext): Promise<RouteResult> {
      const channel = channelOf(params);
      await resumeChannel(db, channel);
      log.info({ channel }, 'channel resumed');
      return carryOut(deps, channel, log);
    },
  };
}

/** 202 says that the queues could not be told in time; what was asked for is kept all the same. */
async function carryOut(deps: ChannelDeps, channel: Channel, log: Logger): Promise<RouteResult> {
  const told = await ask(log, () => agreeOnPauses(deps.db, deps.queues));
  const [body] = await statusOf(deps, [channel], log);
  return { status: told ? 200 : 202, body };
}

async function statusOf(
  { db, queues }: ChannelDeps,
  channels: readonly Channel[],
  log: Logger,
): Promise<ChannelStatusDto[]> {
  const lanes = channels.flatMap((channel) => LANES.map((lane) => ({ channel, lane })));
  const [{ pauses }, figures = []] = await Promise.all([
    readKeptPauses(db),
    ask(log, () => Promise.all(lanes.map(({ channel, lane }) => queues.figures(channel, lane)))),
  ]);
  return channels.map((channel) => ({
    channel,
    ...pauseOf(pauses.filter((pause) => pause.channel === channel)),
    lanes: figures.filter((each) => each.channel === channel).map(toLane),
  }));
}

/** What Redis answers; undefined when it does not, which must keep nobody from what Postgres knows. */
async function ask<T>(log: Logger, question: () => Promise<T>): Promise<T | undefined> {
  try {
    return await within(REDIS_PATIENCE_MS, question());
  } catch (error) {
    log.warn({ err: error }, 'Redis did not answer');
    return undefined;
  }
}

function channelOf(params: Record<string, string>): Channel {
  const channel = CHANNELS.find((candidate) => candidate === params.channel);
  if (!channel) throw new ProblemError('not-found', 'There is no such channel.');
  return channel;
}

/** Lanes are paused together; of those that an older release left half done the first one speaks. */
function pauseOf([pause]: readonly Pause[]): Omit<ChannelStatusDto, 'channel' | 'lanes'> {
  if (!pause) return { paused: false };
  const { pausedAt, pausedBy, reason } = pause;
  return {
    paused: true,
    pausedAt: pausedAt.toISOString(),
    pausedBy: pausedBy ?? undefined,
    pauseReason: reason ?? undefined,
  };
}

function toLane({ lane, waiting, delayed, active }: LaneFigures): LaneStatusDto {
  return { priority: lane, waiting, delayed, active };
}
