import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, Max, Min, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { LIMITS } from '../limits';
import { Format, MaxChars, MinChars, Optional, StringMap } from '../validation/decorators';

/** What a push message is shown on. */
export const PLATFORMS = ['ios', 'android'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** An app on a device, as its push service knows it. */
export class DeviceDto {
  @IsIn(PLATFORMS)
  platform: Platform;

  @Format('device-token')
  @MinChars(1)
  @MaxChars(LIMITS.deviceTokenChars)
  @JSONSchema({ description: 'The registration token of FCM, or the device token of APNs.' })
  token: string;

  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({
    description:
      'When the app last got this token. One that was reported dead before that time is tried again; without it a dead ' +
      'token stays dead.',
  })
  registeredAt?: string;
}

/** What each platform may have otherwise. */
class PushTextDto {
  @Optional()
  @Format('text')
  @MinChars(1)
  @MaxChars(LIMITS.pushTitleChars)
  title?: string;

  @Optional()
  @Format('text')
  @MinChars(1)
  @MaxChars(LIMITS.pushBodyChars)
  body?: string;

  @Optional()
  @Format('http-url')
  @JSONSchema({
    description: 'Shown beside the text. On iOS by the app itself (a notification service extension).',
  })
  image?: string;

  @Optional()
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.pushNameChars)
  @JSONSchema({ description: 'A sound file of the app, or `default`.', examples: ['default'] })
  sound?: string;

  @Optional()
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.urlChars)
  @JSONSchema({ description: 'What a tap opens, as the app understands it.', examples: ['shop://orders/42'] })
  clickAction?: string;
}

@JSONSchema({ description: 'What iOS devices get instead or in addition.' })
export class IosPushDto extends PushTextDto {
  @Optional()
  @Format('text')
  @MinChars(1)
  @MaxChars(LIMITS.pushTitleChars)
  subtitle?: string;

  @Optional()
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.pushNameChars)
  @JSONSchema({ description: 'Groups notifications.' })
  threadId?: string;

  @Optional()
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.pushNameChars)
  @JSONSchema({ description: 'The category whose actions the app registered.' })
  category?: string;

  @Optional()
  @IsIn(['passive', 'active', 'time-sensitive', 'critical'])
  interruptionLevel?: 'passive' | 'active' | 'time-sensitive' | 'critical';
}

@JSONSchema({ description: 'What Android devices get instead or in addition.' })
export class AndroidPushDto extends PushTextDto {
  @Optional()
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.pushNameChars)
  channelId?: string;

  @Optional()
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.pushNameChars)
  icon?: string;

  @Optional()
  @Format('hex-color')
  color?: string;

  @Optional()
  @Format('single-line')
  @MinChars(1)
  @MaxChars(LIMITS.pushNameChars)
  @JSONSchema({ description: 'A later notification of the same tag takes the place of this one.' })
  tag?: string;
}

@JSONSchema({
  description: `One of title, body and data is needed; with data alone nothing is shown and the app is woken. What a device gets may have ${LIMITS.pushPayloadBytes} bytes in all.`,
})
export class PushContentDto extends PushTextDto {
  @Optional()
  @IsInt()
  @Min(0)
  @Max(99_999)
  @JSONSchema({ description: 'The number on the icon of the app (iOS, some Androids).' })
  badge?: number;

  @Optional()
  @StringMap({
    keyFormat: 'push-data-key',
    maxKeys: LIMITS.metadataKeys,
    maxKeyChars: LIMITS.metadataKeyChars,
    maxValueChars: LIMITS.pushPayloadBytes,
  })
  @JSONSchema({ description: 'For the app.' })
  data?: Record<string, string>;

  @Optional()
  @IsIn(['high', 'normal'])
  @JSONSchema({ default: 'high', description: 'Normal ones may be held back to save the battery.' })
  priority?: 'high' | 'normal';

  @Optional()
  @Format('collapse-key')
  @MinChars(1)
  @MaxChars(LIMITS.collapseKeyChars)
  @JSONSchema({ description: 'A later message with the same key takes the place of one that still waits.' })
  collapseKey?: string;

  @Optional()
  @IsInt()
  @Min(0)
  @Max(LIMITS.pushTtlSeconds)
  @JSONSchema({
    description: 'How long the push service tries to reach a device that is off. 0: now or never.',
  })
  ttlSeconds?: number;

  @Optional()
  @IsBoolean()
  @JSONSchema({ description: 'Lets the app of an iOS device change the message before it is shown.' })
  mutable?: boolean;

  @Optional()
  @ValidateNested()
  @Type(() => IosPushDto)
  ios?: IosPushDto;

  @Optional()
  @ValidateNested()
  @Type(() => AndroidPushDto)
  android?: AndroidPushDto;
}
