import { ChannelListDto, ChannelStatusDto, PauseChannelDto } from '../../dto/admin/channels';
import { type RouteContract } from '../../route';

const CHANGED = {
  200: { description: 'The channel.', schema: ChannelStatusDto },
  202: {
    description:
      'The channel. It is kept, but the queues do not answer: it is carried out when they can be told.',
    schema: ChannelStatusDto,
  },
};

export const CHANNEL_ROUTES = [
  {
    operationId: 'listChannels',
    method: 'get',
    path: '/v1/channels',
    tag: 'Channels',
    summary: 'Whether channels are paused, and how full their queues are',
    access: 'operator',
    responses: { 200: { description: 'Every channel.', schema: ChannelListDto } },
  },
  {
    operationId: 'pauseChannel',
    method: 'post',
    path: '/v1/channels/{channel}/pause',
    tag: 'Channels',
    summary: 'Stop delivering on a channel',
    description:
      'What is being sent is finished; everything else is accepted and waits. It holds until the channel is resumed, whatever ' +
      'becomes of Redis. A channel that is paused keeps its time; `reason` and `by` are replaced where they are given.',
    access: 'operator',
    body: PauseChannelDto,
    bodyOptional: true,
    responses: CHANGED,
  },
  {
    operationId: 'resumeChannel',
    method: 'post',
    path: '/v1/channels/{channel}/resume',
    tag: 'Channels',
    summary: 'Deliver on a channel again',
    access: 'operator',
    bodyOptional: true,
    responses: CHANGED,
  },
] as const satisfies readonly RouteContract[];
