import { FeedCountsDto, FeedPageDto, FeedQueryDto, MarkedFeedDto, MarkFeedDto } from '../dto/feed';
import { LIMITS } from '../limits';
import { type RouteContract } from '../route';

const TAG = 'Feed';

/** Where the socket of a feed is opened. */
export const FEED_SOCKET_PATH = '/v1/feed/socket';
/** What a client offers as Sec-WebSocket-Protocol. */
export const FEED_SOCKET_PROTOCOL = 'herald.feed.v1';

/** What the realtime service serves: the feed of one recipient, for browsers and apps, from any origin. */
export const REALTIME_ROUTES = [
  {
    operationId: 'getFeed',
    method: 'get',
    path: '/v1/feed',
    tag: TAG,
    summary: "Read a page of the recipient's feed",
    description:
      'Newest first. What it returns counts as delivered. For news as it comes open a WebSocket at ' +
      `\`${FEED_SOCKET_PATH}\` with the protocol \`${FEED_SOCKET_PROTOCOL}\` and give it the \`syncCursor\`.`,
    access: 'recipient',
    query: FeedQueryDto,
    responses: { 200: { description: 'A page.', schema: FeedPageDto } },
  },
  {
    operationId: 'getFeedCounts',
    method: 'get',
    path: '/v1/feed/counts',
    tag: TAG,
    summary: 'Count what is unseen and unread',
    access: 'recipient',
    responses: { 200: { description: 'The counts.', schema: FeedCountsDto } },
  },
  {
    operationId: 'markFeed',
    method: 'post',
    path: '/v1/feed/marks',
    tag: TAG,
    summary: 'Mark items as seen, read, unread, archived or unarchived',
    description: 'By their ids, or all of them. Ids that are not in the feed change nothing.',
    access: 'recipient',
    body: MarkFeedDto,
    bodyLimitBytes: LIMITS.feedMarkBodyBytes,
    responses: { 200: { description: 'What changed.', schema: MarkedFeedDto } },
  },
] as const satisfies readonly RouteContract[];
