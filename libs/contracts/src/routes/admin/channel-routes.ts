import { ChannelListDto, ChannelStatusDto } from '../../dto/admin/channels';
import { type RouteContract } from '../../route';

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
    description: 'What is being sent is finished; everything else is accepted and waits.',
    access: 'operator',
    bodyOptional: true,
    responses: { 200: { description: 'The channel.', schema: ChannelStatusDto } },
  },
  {
    operationId: 'resumeChannel',
    method: 'post',
    path: '/v1/channels/{channel}/resume',
    tag: 'Channels',
    summary: 'Deliver on a channel again',
    access: 'operator',
    bodyOptional: true,
    responses: { 200: { description: 'The channel.', schema: ChannelStatusDto } },
  },
] as const satisfies readonly RouteContract[];
