import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { DELIVERY_STATES, type DeliveryState } from '../../delivery-state';
import { REASONS, type Reason } from '../../outcome';
import { Format, Optional } from '../../validation/decorators';
import {
  ENDPOINT_DISABLED_REASONS,
  type EndpointDisabledReason,
  WEBHOOK_EVENT_TYPES,
} from '../../webhook-events';
import { ADMIN_LIMITS } from './admin-limits';
import { KEY_MODES, type KeyMode } from './api-keys';
import { listOf, PageDto } from './page';
import { TenantPageQueryDto } from './tenant-query';

const REASON_NAMES = Object.keys(REASONS) as Reason[];
const EVENTS_DESCRIPTION =
  'Which events are sent; all of them, those of later releases included, when it is missing or empty.';
const MODE_DESCRIPTION =
  'Whether it is told of the notifications of live keys or of those of test keys. It is really sent to either way.';

/** States from which an event can be sent to its endpoint again. */
export const ENDPOINT_REPLAY_STATES = [
  'sent',
  'failed',
  'dead',
  'skipped',
] as const satisfies readonly DeliveryState[];
export type EndpointReplayState = (typeof ENDPOINT_REPLAY_STATES)[number];

export class CreateWebhookEndpointDto {
  @Optional()
  @Format('uuid')
  @JSONSchema({ description: 'For the operator: whose endpoint it is, instead of the Herald-Tenant header.' })
  tenantId?: string;

  @Format('http-url')
  @JSONSchema({ examples: ['https://example.com/hooks/herald'] })
  url: string;

  @Optional()
  @Format('single-line')
  @MaxLength(ADMIN_LIMITS.descriptionChars)
  description?: string;

  @Optional()
  @IsArray()
  @ArrayMaxSize(WEBHOOK_EVENT_TYPES.length)
  @ArrayUnique()
  @IsIn(WEBHOOK_EVENT_TYPES, { each: true })
  @JSONSchema({ description: EVENTS_DESCRIPTION, examples: [['delivery.delivered', 'delivery.undelivered']] })
  events?: string[];

  @Optional()
  @IsIn(KEY_MODES)
  @JSONSchema({ description: `${MODE_DESCRIPTION} That of the key when it is missing.` })
  mode?: KeyMode;
}

export class UpdateWebhookEndpointDto {
  @Optional()
  @Format('http-url')
  @JSONSchema({ description: 'For events from now on, and for what is replayed.' })
  url?: string;

  @Optional()
  @Format('single-line')
  @MaxLength(ADMIN_LIMITS.descriptionChars)
  description?: string;

  @Optional()
  @IsArray()
  @ArrayMaxSize(WEBHOOK_EVENT_TYPES.length)
  @ArrayUnique()
  @IsIn(WEBHOOK_EVENT_TYPES, { each: true })
  @JSONSchema({ description: 'Replaces the list; an empty one means all events.' })
  events?: string[];

  @Optional()
  @IsBoolean()
  @JSONSchema({ description: 'Events that happen while it is disabled are not kept for it.' })
  enabled?: boolean;
}

export class WebhookEndpointDto {
  @Format('uuid') id: string;
  @Format('uuid') tenantId: string;
  @IsIn(KEY_MODES) @JSONSchema({ description: MODE_DESCRIPTION }) mode: KeyMode;
  @IsString() url: string;
  @Optional() @IsString() description?: string;
  @Optional()
  @IsIn(WEBHOOK_EVENT_TYPES, { each: true })
  @JSONSchema({ description: 'Missing: all.' })
  events?: string[];
  @IsBoolean() enabled: boolean;
  @Optional()
  @IsIn(ENDPOINT_DISABLED_REASONS)
  @JSONSchema({
    description:
      '`manual`: a person disabled it. `failing`: it failed for five days without one success. `gone`: it answered 410.',
  })
  disabledReason?: EndpointDisabledReason;
  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'The first failure since its last success; missing while it is well.' })
  failingSince?: string;
  @Format('rfc3339-time') createdAt: string;
  @Format('rfc3339-time') updatedAt: string;
}

export class WebhookEndpointPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => WebhookEndpointDto)
  @listOf('WebhookEndpointDto')
  items: WebhookEndpointDto[];
}

export class ListEndpointDeliveriesQueryDto extends TenantPageQueryDto {
  @Optional() @IsIn(DELIVERY_STATES) state?: DeliveryState;
}

export class EndpointDeliveryDto {
  @Format('uuid')
  @JSONSchema({ description: 'The id of the delivery, and the `webhook-id` of its requests.' })
  id: string;
  @Format('uuid') @JSONSchema({ description: 'The `id` in the payload.' }) eventId: string;
  @IsString() @JSONSchema({ examples: ['delivery.delivered'] }) type: string;
  @IsIn(DELIVERY_STATES) state: DeliveryState;
  @Optional() @IsIn(REASON_NAMES) reason?: Reason;
  @Optional()
  @IsString()
  @JSONSchema({ description: 'What the endpoint answered last.', examples: ['http_503'] })
  code?: string;
  @IsInt() attempts: number;
  @Format('rfc3339-time') createdAt: string;
  @Format('rfc3339-time') updatedAt: string;
  @Optional() @Format('rfc3339-time') nextAttemptAt?: string;
  @Optional() @Format('rfc3339-time') sentAt?: string;
}

export class EndpointDeliveryPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => EndpointDeliveryDto)
  @listOf('EndpointDeliveryDto')
  items: EndpointDeliveryDto[];
}

export class ReplayEndpointDto {
  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'Events that happened then or later.' })
  since?: string;
  @Optional() @Format('rfc3339-time') until?: string;
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(ENDPOINT_REPLAY_STATES, { each: true })
  @JSONSchema({
    default: ['failed', 'dead', 'skipped'],
    description: 'With `sent` those that arrived come once more, under the same `webhook-id`.',
  })
  states?: EndpointReplayState[];
}

export class EndpointReplayResultDto {
  @IsInt() replayed: number;
  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({
    description: `There are more than ${ADMIN_LIMITS.endpointReplay}: give it as \`since\` for the next ones.`,
  })
  continueSince?: string;
}

export class TestEventDto {
  @Format('uuid') @JSONSchema({ description: 'The `id` in the payload.' }) eventId: string;
}
