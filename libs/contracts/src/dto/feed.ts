import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { LIMITS } from '../limits';
import { Format, Optional } from '../validation/decorators';
import { PageQueryDto } from './notification-views';

/** What a page of a feed can be narrowed to. */
export const FEED_STATES = ['unseen', 'unread', 'read', 'archived'] as const;
export type FeedState = (typeof FEED_STATES)[number];

/** What a recipient can make of an item. */
export const FEED_MARKS = ['seen', 'read', 'unread', 'archived', 'unarchived'] as const;
export type FeedMark = (typeof FEED_MARKS)[number];

const SYNC_CURSOR = 'A `syncCursor`, or the `cursor` of a message of the socket.';

export class FeedQueryDto extends PageQueryDto {
  @Optional()
  @IsIn(FEED_STATES)
  @JSONSchema({ description: 'Without it everything that is not archived.' })
  state?: FeedState;
  @Optional() @Format('category-name') category?: string;
}

@JSONSchema({ description: "An item of a recipient's feed." })
export class FeedItemDto {
  @Format('uuid')
  @JSONSchema({ description: 'Also the id of the delivery.' })
  id: string;
  @Format('uuid') notificationId: string;
  @IsString() title: string;
  @Optional() @IsString() body?: string;
  @Optional() @IsString() category?: string;
  @Optional() @IsString() url?: string;
  @Optional() @IsString() imageUrl?: string;
  @Optional() @IsObject() @JSONSchema({ additionalProperties: true }) data?: Record<string, unknown>;
  @Format('rfc3339-time') createdAt: string;
  @Optional() @Format('rfc3339-time') expiresAt?: string;
  @Optional() @Format('rfc3339-time') seenAt?: string;
  @Optional() @Format('rfc3339-time') readAt?: string;
  @Optional() @Format('rfc3339-time') archivedAt?: string;
}

@JSONSchema({ description: `Counted up to ${LIMITS.feedCount}, which means that many or more.` })
export class FeedCountsDto {
  @IsInt() unseen: number;
  @IsInt() unread: number;
}

export class FeedPageDto {
  @ValidateNested({ each: true })
  @Type(() => FeedItemDto)
  @JSONSchema({ type: 'array', items: { $ref: '#/components/schemas/FeedItemDto' } })
  items: FeedItemDto[];
  @Optional()
  @IsString()
  @JSONSchema({ description: 'Give it as `cursor` for the next page; missing on the last one.' })
  nextCursor?: string;
  @Format('feed-cursor')
  @JSONSchema({ description: 'Give it to the socket: it sends everything that changes from here on.' })
  syncCursor: string;
  @ValidateNested() @Type(() => FeedCountsDto) counts: FeedCountsDto;
}

@JSONSchema({ description: 'Either `ids` or `all` is needed.' })
export class MarkFeedDto {
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LIMITS.feedMarkIds)
  @Format('uuid', { each: true })
  ids?: string[];

  @Optional()
  @IsIn([true])
  @JSONSchema({ description: 'Everything that is not archived; archived items when they are unarchived.' })
  all?: true;

  @Optional()
  @Format('category-name')
  @JSONSchema({ description: 'With `all`: of this category only.' })
  category?: string;

  @Optional()
  @Format('feed-cursor')
  @JSONSchema({ description: `With \`all\`: not what has changed since. ${SYNC_CURSOR}` })
  upTo?: string;

  @IsIn(FEED_MARKS)
  @JSONSchema({ description: 'What is read has also been seen.' })
  as: FeedMark;
}

export class MarkedFeedDto {
  @IsInt()
  @JSONSchema({ description: 'How many items were something else before.' })
  changed: number;
}
