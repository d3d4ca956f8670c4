import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import {
  CHANNELS,
  type Channel,
  DELIVERY_POLICIES,
  type DeliveryPolicy,
  LANES,
  type Lane,
} from '../channels';
import { LIMITS } from '../limits';
import { Format, JsonObject, MaxChars, MinChars, Optional, StringMap } from '../validation/decorators';
import { InAppContentDto } from './inapp-content';
import { DeviceDto, PushContentDto } from './push-content';
import { WebPushContentDto, WebPushSubscriptionDto } from './webpush-content';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** Whom to tell: contact points given with the request. */
export class RecipientDto {
  @Optional()
  @Format('email')
  @JSONSchema({ examples: ['ada@example.com'] })
  email?: string;

  @Optional()
  @Format('phone')
  @JSONSchema({ description: 'E.164.', examples: ['+4915112345678'] })
  phone?: string;

  @Optional()
  @Format('http-url')
  @JSONSchema({ examples: ['https://example.com/hooks/herald'] })
  webhookUrl?: string;

  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LIMITS.devices)
  @ValidateNested({ each: true })
  @Type(() => DeviceDto)
  @JSONSchema({ items: ref('DeviceDto'), type: 'array', description: 'Each gets the push message.' })
  devices?: DeviceDto[];

  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LIMITS.webPushSubscriptions)
  @ValidateNested({ each: true })
  @Type(() => WebPushSubscriptionDto)
  @JSONSchema({ items: ref('WebPushSubscriptionDto'), type: 'array', description: 'Each gets the web push.' })
  webpush?: WebPushSubscriptionDto[];

  @Optional()
  @Format('recipient-id')
  @JSONSchema({
    description: 'Your own id of the recipient: whose in-app feed it is.',
    examples: ['user_42'],
  })
  recipient?: string;

  @Optional()
  @Format('language-tag')
  @JSONSchema({ description: 'BCP 47.', examples: ['de-DE'] })
  locale?: string;

  @Optional()
  @Format('time-zone')
  @JSONSchema({ description: 'IANA time zone.', examples: ['Europe/Berlin'] })
  timezone?: string;
}

export class AttachmentDto {
  @Format('file-name')
  @MinChars(1)
  @MaxChars(255)
  filename: string;

  @Format('mime-type')
  @MaxChars(127)
  @JSONSchema({ examples: ['application/pdf'] })
  contentType: string;

  @Format('base64')
  @MinChars(4)
  @JSONSchema({
    description: `Attachments of one notification: ${LIMITS.attachmentsTotalBytes} bytes in all, decoded.`,
  })
  contentBase64: string;
}

@JSONSchema({ description: 'One of html and text is needed; text is derived from html when it is missing.' })
export class EmailContentDto {
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.subjectChars)
  subject: string;

  @Optional()
  @IsString()
  @MinChars(1)
  @MaxChars(LIMITS.htmlChars)
  html?: string;

  @Optional()
  @IsString()
  @MinChars(1)
  @MaxChars(LIMITS.textChars)
  text?: string;

  @Optional()
  @Format('mailbox')
  @MaxChars(400)
  @JSONSchema({
    description: "The provider's sender is used when it is missing.",
    examples: ['Shop <shop@example.com>'],
  })
  from?: string;

  @Optional()
  @Format('mailbox')
  @MaxChars(400)
  replyTo?: string;

  @Optional()
  @StringMap({
    keyFormat: 'header-name',
    maxKeys: LIMITS.headers,
    maxKeyChars: LIMITS.headerNameChars,
    maxValueChars: LIMITS.headerValueChars,
  })
  headers?: Record<string, string>;

  @Optional()
  @IsArray()
  @ArrayMaxSize(LIMITS.attachments)
  @ValidateNested({ each: true })
  @Type(() => AttachmentDto)
  @JSONSchema({ items: ref('AttachmentDto'), type: 'array' })
  attachments?: AttachmentDto[];
}

export class SmsContentDto {
  @IsString()
  @MinChars(1)
  @MaxChars(LIMITS.smsChars)
  body: string;
}

export class WebhookContentDto {
  @JsonObject()
  payload: Record<string, unknown>;
}

@JSONSchema({ description: 'What to say, per channel.' })
export class ContentDto {
  @Optional()
  @ValidateNested()
  @Type(() => EmailContentDto)
  email?: EmailContentDto;

  @Optional()
  @ValidateNested()
  @Type(() => SmsContentDto)
  sms?: SmsContentDto;

  @Optional()
  @ValidateNested()
  @Type(() => PushContentDto)
  push?: PushContentDto;

  @Optional()
  @ValidateNested()
  @Type(() => WebPushContentDto)
  webpush?: WebPushContentDto;

  @Optional()
  @ValidateNested()
  @Type(() => InAppContentDto)
  inapp?: InAppContentDto;

  @Optional()
  @ValidateNested()
  @Type(() => WebhookContentDto)
  webhook?: WebhookContentDto;
}

export class FailoverDto {
  @IsInt()
  @Min(1)
  @Max(LIMITS.receiptWaitSeconds)
  @JSONSchema({
    description:
      'What a provider accepted goes out by another one, too, when no receipt says in this time what became of it. For ' +
      'channels with several providers, and providers that send receipts.',
    examples: [10],
  })
  withoutReceiptSeconds: number;
}

@JSONSchema({
  examples: [
    {
      to: { email: 'ada@example.com', phone: '+4915112345678' },
      content: {
        email: { subject: 'Your order has shipped', html: '<p>Hello Ada, it is on its way.</p>' },
        sms: { body: 'Hello Ada, your order is on its way.' },
      },
      metadata: { orderId: '42' },
      idempotencyKey: 'order-42-shipped',
    },
  ],
})
export class SendNotificationDto {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(LIMITS.recipientsPerNotification)
  @ValidateNested({ each: true })
  @Type(() => RecipientDto)
  @JSONSchema((existing) => ({
    ...existing,
    description: `One recipient, or a list of up to ${LIMITS.recipientsPerNotification}.`,
    items: ref('RecipientDto'),
    type: 'array',
  }))
  to: RecipientDto[];

  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(CHANNELS, { each: true })
  @JSONSchema({ description: 'Every channel that content is given for, when missing.' })
  channels?: Channel[];

  @IsDefined()
  @ValidateNested()
  @Type(() => ContentDto)
  content: ContentDto;

  @Optional()
  @IsIn(LANES)
  @JSONSchema({ default: 'default' })
  priority?: Lane;

  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'Send then. A time in the past means now.' })
  sendAt?: string;

  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'What was not handed to a provider by then expires.' })
  expiresAt?: string;

  @Optional()
  @IsIn(DELIVERY_POLICIES)
  @JSONSchema({
    default: 'at_least_once',
    description: 'What to do when nobody can know whether a provider took it.',
  })
  delivery?: DeliveryPolicy;

  @Optional()
  @ValidateNested()
  @Type(() => FailoverDto)
  failover?: FailoverDto;

  @Optional()
  @StringMap({
    keyFormat: 'map-key',
    maxKeys: LIMITS.metadataKeys,
    maxKeyChars: LIMITS.metadataKeyChars,
    maxValueChars: LIMITS.metadataValueChars,
  })
  @JSONSchema({ description: 'Your own labels; notifications can be found by them.' })
  metadata?: Record<string, string>;

  @Optional()
  @Format('idempotency-key')
  @MinChars(1)
  @MaxChars(LIMITS.idempotencyKeyChars)
  @JSONSchema({ description: 'Instead of the Idempotency-Key header.' })
  idempotencyKey?: string;
}
