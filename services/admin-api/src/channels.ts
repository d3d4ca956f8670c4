import { CHANNELS, type Channel, type ChannelStatusDto, LANES, type LaneStatusDto } from '@herald/contracts';
import { type Logger, ProblemError, type RouteContext, type RouteResult } from '@herald/platform';
import { type DeliveryQueues, type LaneFigures } from '@herald/queue';
import { REDIS_PATIENCE_MS, within } from './within';

type Queues = Pick<DeliveryQueues, 'figures' | 'isPaused' | 'pause' | 'resume'>;

export function channelHandlers({ queues }: { queues: Queues }) {
  return {
    async listChannels({ log }: RouteContext): Promise<RouteResult> {
      const items = await ask(log, () => Promise.all(CHANNELS.map((channel) => statusOf(queues, channel))));
      return { status: 200, body: { items } };
    },

    async pauseChannel({ params, log }: RouteContext): Promise<RouteResult> {
      const channel = channelOf(params);
      await ask(log, () => queues.pause(channel));
      log.info({ channel }, 'channel paused');
      return { status: 200, body: await ask(log, () => statusOf(queues, channel)) };
    },

    async resumeChannel({ params, log }: RouteContext): Promise<RouteResult> {
      const channel = channelOf(params);
      await ask(log, () => queues.resume(channel));
      log.info({ channel }, 'channel resumed');
      return { status: 200, body: await ask(log, () => statusOf(queues, channel)) };
    },
  };
}

/** @throws ProblemError 503 when Redis is away, which alone knows */
async function ask<T>(log: Logger, question: () => Promise<T>): Promise<T> {
  try {
    return await within(REDIS_PATIENCE_MS, question());
  } catch (error) {
    log.warn({ err: error }, 'Redis did not answer');
    throw new ProblemError('unavailable', 'The queues do not answer.');
  }
}

function channelOf(params: Record<string, string>): Channel {
  const channel = CHANNELS.find((candidate) => candidate === params.channel);
  if (!channel) throw new ProblemError('not-found', 'There is no such channel.');
  return channel;
}

async function statusOf(queues: Queues, channel: Channel): Promise<ChannelStatusDto> {
  const [paused, ...figures] = await Promise.all([
    queues.isPaused(channel),
    ...LANES.map((lane) => queues.figures(channel, lane)),
  ]);
  return { channel, paused, lanes: figures.map(toLane) };
}

function toLane({ lane, waiting, delayed, active }: LaneFigures): LaneStatusDto {
  return { priority: lane, waiting, delayed, active };
}
