import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsNumber,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { LIMITS } from '../limits';
import { Format, JsonObject, MaxChars, MinChars, Optional } from '../validation/decorators';

/** How urgent a web push is to its push service (RFC 8030, section 5.3). */
export const WEB_PUSH_URGENCIES = ['very-low', 'low', 'normal', 'high'] as const;
export type WebPushUrgency = (typeof WEB_PUSH_URGENCIES)[number];

export class WebPushKeysDto {
  @Format('p256dh-key')
  p256dh: string;

  @Format('auth-secret')
  auth: string;
}

@JSONSchema({
  description: 'A subscription as the browser gives it: `JSON.stringify(await pushManager.subscribe(…))`.',
})
export class WebPushSubscriptionDto {
  @Format('http-url')
  endpoint: string;

  @ValidateIf((_object, value) => value !== undefined && value !== null)
  @IsNumber()
  @JSONSchema(
    (existing) =>
      ({
        ...existing,
        type: ['number', 'null'],
        description: 'In epoch milliseconds; browsers mostly say null.',
      }) as never,
  )
  expirationTime?: number | null;

  @IsDefined()
  @ValidateNested()
  @Type(() => WebPushKeysDto)
  keys: WebPushKeysDto;
}

export class WebPushActionDto {
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.pushNameChars)
  @JSONSchema({ description: 'What the service worker is told.' })
  action: string;

  @Format('text')
  @MinChars(1)
  @MaxChars(LIMITS.pushNameChars)
  title: string;

  @Optional()
  @Format('http-url')
  icon?: string;
}

@JSONSchema({
  description:
    'Comes to the service worker as JSON, without ttlSeconds, urgency and topic: `event.data.json()`. It may have ' +
    `${LIMITS.webPushPayloadBytes} bytes.`,
})
export class WebPushContentDto {
  @Format('text')
  @MinChars(1)
  @MaxChars(LIMITS.pushTitleChars)
  title: string;

  @Optional()
  @Format('text')
  @MinChars(1)
  @MaxChars(LIMITS.pushBodyChars)
  body?: string;

  @Optional() @Format('http-url') icon?: string;
  @Optional() @Format('http-url') image?: string;
  @Optional() @Format('http-url') badge?: string;

  @Optional()
  @Format('http-url')
  @JSONSchema({ description: 'What a click opens.' })
  url?: string;

  @Optional()
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.pushNameChars)
  @JSONSchema({ description: 'A later notification of the same tag takes the place of this one.' })
  tag?: string;

  @Optional() @IsBoolean() requireInteraction?: boolean;
  @Optional() @IsBoolean() silent?: boolean;

  @Optional()
  @IsArray()
  @ArrayMaxSize(LIMITS.webPushActions)
  @ValidateNested({ each: true })
  @Type(() => WebPushActionDto)
  @JSONSchema({ items: { $ref: '#/components/schemas/WebPushActionDto' }, type: 'array' })
  actions?: WebPushActionDto[];

  @Optional()
  @JsonObject()
  data?: Record<string, unknown>;

  @Optional()
  @IsInt()
  @Min(0)
  @Max(LIMITS.pushTtlSeconds)
  @JSONSchema({
    default: LIMITS.pushTtlSeconds,
    description: 'How long the push service tries to reach a browser that is closed. 0: now or never.',
  })
  ttlSeconds?: number;

  @Optional()
  @IsIn(WEB_PUSH_URGENCIES)
  @JSONSchema({ default: 'normal' })
  urgency?: WebPushUrgency;

  @Optional()
  @Format('web-push-topic')
  @JSONSchema({ description: 'A later message of the same topic takes the place of one that still waits.' })
  topic?: string;
}
