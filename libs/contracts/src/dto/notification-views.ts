import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CHANNELS, type Channel, LANES, type Lane } from '../channels';
import { DELIVERY_STATES, type DeliveryState } from '../delivery-state';
import { LIMITS } from '../limits';
import { NOTIFICATION_STATES, type NotificationState } from '../notification-state';
import { ATTEMPT_OUTCOMES, type AttemptOutcome, REASONS, type Reason } from '../outcome';
import { Format, Optional, StringMap } from '../validation/decorators';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const listOf = (name: string) => JSONSchema({ type: 'array', items: ref(name) });
const REASON_NAMES = Object.keys(REASONS) as Reason[];

export class AcceptedDeliveryDto {
  @Format('uuid') id: string;
  @IsInt()
  @JSONSchema({ description: 'Position of the recipient in `to`, from 0.' })
  recipient: number;
  @IsIn(CHANNELS) channel: Channel;
  @IsIn(DELIVERY_STATES) state: DeliveryState;
  @Optional() @IsIn(REASON_NAMES) reason?: Reason;
}

/** The answer to an accepted notification: everything in it is durable. */
export class AcceptedNotificationDto {
  @Format('uuid') id: string;
  @IsIn(NOTIFICATION_STATES) state: NotificationState;
  @ValidateNested({ each: true })
  @Type(() => AcceptedDeliveryDto)
  @listOf('AcceptedDeliveryDto')
  deliveries: AcceptedDeliveryDto[];
}

export class SendBatchDto {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LIMITS.batchItems)
  @JSONSchema((existing) => ({
    ...existing,
    type: 'array',
    items: ref('SendNotificationDto'),
    description: 'Each is accepted or refused on its own.',
  }))
  notifications: unknown[];
}

export class FieldErrorDto {
  @IsString()
  @JSONSchema({ description: 'JSON pointer (RFC 6901) into the request.' })
  pointer: string;
  @IsString() detail: string;
}

@JSONSchema({ description: 'RFC 9457 problem details.' })
export class ProblemDto {
  @IsString() type: string;
  @IsString() title: string;
  @IsInt() status: number;
  @Optional() @IsString() detail?: string;
  @Optional() @IsString() instance?: string;
  @Optional()
  @ValidateNested({ each: true })
  @Type(() => FieldErrorDto)
  @listOf('FieldErrorDto')
  errors?: FieldErrorDto[];
  @Optional() @IsString() requestId?: string;
}

export class BatchResultDto {
  @IsInt()
  @JSONSchema({ description: '202 or the status of the problem.' })
  status: number;
  @Optional()
  @IsBoolean()
  @JSONSchema({ description: 'The answer to an earlier request with the same idempotency key.' })
  replayed?: boolean;
  @Optional()
  @ValidateNested()
  @Type(() => AcceptedNotificationDto)
  notification?: AcceptedNotificationDto;
  @Optional()
  @ValidateNested()
  @Type(() => ProblemDto)
  problem?: ProblemDto;
}

export class BatchAcceptedDto {
  @IsInt() accepted: number;
  @IsInt() rejected: number;
  @ValidateNested({ each: true })
  @Type(() => BatchResultDto)
  @listOf('BatchResultDto')
  results: BatchResultDto[];
}

export class AttemptDto {
  @IsInt() number: number;
  @IsString() provider: string;
  @Format('rfc3339-time') startedAt: string;
  @IsInt() durationMs: number;
  @IsIn(ATTEMPT_OUTCOMES) outcome: AttemptOutcome;
  @Optional() @IsIn(REASON_NAMES) reason?: Reason;
  @Optional()
  @IsString()
  @JSONSchema({ description: "The provider's own code, e.g. `smtp_550_5.1.1` or `twilio_21211`." })
  code?: string;
  @Optional()
  @IsString()
  @JSONSchema({ description: "The provider's words, for a person to read." })
  detail?: string;
  @Optional() @IsString() providerMessageId?: string;
  @Optional()
  @IsObject()
  @JSONSchema({
    description: 'Channel facts, such as the segments and encoding of an SMS.',
    additionalProperties: true,
  })
  facts?: Record<string, unknown>;
}

export class TimelineEntryDto {
  @Format('rfc3339-time') at: string;
  @IsString()
  @JSONSchema({
    examples: ['accepted', 'attempt', 'sent', 'delivered', 'opened', 'complained', 'canceled', 'replayed'],
  })
  type: string;
  @Optional() @IsIn(REASON_NAMES) reason?: Reason;
  @Optional() @IsString() detail?: string;
  @Optional() @IsInt() attempt?: number;
}

export class DeliveryDto {
  @Format('uuid') id: string;
  @Format('uuid') notificationId: string;
  @IsInt() recipient: number;
  @IsIn(CHANNELS) channel: Channel;
  @Optional() @IsString() to?: string;
  @IsIn(LANES) priority: Lane;
  @IsIn(DELIVERY_STATES) state: DeliveryState;
  @Optional() @IsIn(REASON_NAMES) reason?: Reason;
  @Optional() @IsString() provider?: string;
  @Optional() @IsString() providerMessageId?: string;
  @Format('rfc3339-time') createdAt: string;
  @Format('rfc3339-time') updatedAt: string;
  @Optional() @Format('rfc3339-time') nextAttemptAt?: string;
  @Optional() @Format('rfc3339-time') sentAt?: string;
  @Optional() @Format('rfc3339-time') deliveredAt?: string;
  @ValidateNested({ each: true })
  @Type(() => AttemptDto)
  @listOf('AttemptDto')
  attempts: AttemptDto[];
  @ValidateNested({ each: true })
  @Type(() => TimelineEntryDto)
  @listOf('TimelineEntryDto')
  timeline: TimelineEntryDto[];
}

export class NotificationSummaryDto {
  @Format('uuid') id: string;
  @IsIn(NOTIFICATION_STATES) state: NotificationState;
  @IsBoolean()
  @JSONSchema({ description: 'False for one that was posted with a test key.' })
  live: boolean;
  @IsIn(LANES) priority: Lane;
  @Format('rfc3339-time') createdAt: string;
  @Optional() @Format('rfc3339-time') sendAt?: string;
  @Optional() @Format('rfc3339-time') expiresAt?: string;
  @Optional()
  @IsObject()
  @JSONSchema({ additionalProperties: { type: 'string' } })
  metadata?: Record<string, string>;
  @IsObject()
  @JSONSchema({
    description: 'How many deliveries are in each state.',
    additionalProperties: { type: 'integer' },
  })
  counts: Partial<Record<DeliveryState, number>>;
}

export class NotificationDto extends NotificationSummaryDto {
  @ValidateNested({ each: true })
  @Type(() => DeliveryDto)
  @listOf('DeliveryDto')
  deliveries: DeliveryDto[];
}

export class NotificationPageDto {
  @ValidateNested({ each: true })
  @Type(() => NotificationSummaryDto)
  @listOf('NotificationSummaryDto')
  items: NotificationSummaryDto[];
  @Optional()
  @IsString()
  @JSONSchema({ description: 'Give it as `cursor` for the next page; missing on the last one.' })
  nextCursor?: string;
}

export class CancelResultDto {
  @Format('uuid') id: string;
  @IsIn(NOTIFICATION_STATES) state: NotificationState;
  @ValidateNested({ each: true })
  @Type(() => AcceptedDeliveryDto)
  @listOf('AcceptedDeliveryDto')
  @JSONSchema({ description: 'Deliveries that will not be sent because of this call or an earlier one.' })
  canceled: AcceptedDeliveryDto[];
  @ValidateNested({ each: true })
  @Type(() => AcceptedDeliveryDto)
  @listOf('AcceptedDeliveryDto')
  @JSONSchema({ description: 'Deliveries that were handed to a provider or had ended before.' })
  notCanceled: AcceptedDeliveryDto[];
}

/** Cursor pages: shared by every list. */
export class PageQueryDto {
  @Optional() @IsString() @MaxLength(400) cursor?: string;
  @Optional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(LIMITS.pageItems)
  @JSONSchema({ default: 50 })
  limit?: number;
}

export class ListNotificationsQueryDto extends PageQueryDto {
  @Optional()
  @IsIn(DELIVERY_STATES)
  @JSONSchema({ description: 'At least one delivery is in this state.' })
  state?: DeliveryState;
  @Optional() @IsIn(CHANNELS) channel?: Channel;
  @Optional()
  @IsString()
  @MaxLength(LIMITS.urlChars)
  @JSONSchema({ description: 'E-mail address, phone number or webhook URL.' })
  recipient?: string;
  @Optional()
  @StringMap({
    keyFormat: 'map-key',
    maxKeys: 10,
    maxKeyChars: LIMITS.metadataKeyChars,
    maxValueChars: LIMITS.metadataValueChars,
  })
  @JSONSchema({ description: 'Written `metadata.<key>=<value>`, once per entry.' })
  metadata?: Record<string, string>;
  @Optional() @Format('rfc3339-time') from?: string;
  @Optional() @Format('rfc3339-time') to?: string;
}
