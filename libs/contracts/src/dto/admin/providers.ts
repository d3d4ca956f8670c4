import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CHANNELS, type Channel } from '../../channels';
import {
  BREAKER_SETTINGS,
  type BreakerSetting,
  PROVIDER_EVENTS,
  type ProviderEventType,
} from '../../provider-settings';
import { Format, JsonObject, Optional } from '../../validation/decorators';
import { ADMIN_LIMITS } from './admin-limits';
import { listOf, PageDto } from './page';
import { TenantPageQueryDto } from './tenant-query';

@JSONSchema({ description: 'How many messages may go.' })
export class SendLimitDto {
  @Optional() @IsInt() @Min(1) @Max(ADMIN_LIMITS.providerPerSecond) perSecond?: number;

  @Optional()
  @IsInt()
  @Min(1)
  @Max(ADMIN_LIMITS.providerPerDay)
  @JSONSchema({ description: 'From midnight to midnight, UTC.' })
  perDay?: number;
}

@JSONSchema({
  description:
    'What may be sent by this provider; what is over it waits for its turn and holds up nothing else.',
})
export class ProviderLimitsDto extends SendLimitDto {
  @Optional()
  @ValidateNested()
  @Type(() => SendLimitDto)
  @JSONSchema({
    description:
      'From each sender, beside the limits of them all. For providers whose messages can name a sender (e-mail).',
  })
  perSender?: SendLimitDto;
}

const WEIGHT_DESCRIPTION =
  'Of several providers at the same position each gets a share of the messages by its weight, less while it errs or is ' +
  'slow compared with the others; 0 is used only when no other can.';
const BREAKER_DESCRIPTION =
  'auto: a provider that fails too often is left alone for a moment. open: it is not used. closed: it is used however ' +
  'often it fails.';

export class CreateProviderDto {
  @IsIn(CHANNELS) channel: Channel;

  @IsString()
  @MinLength(1)
  @MaxLength(ADMIN_LIMITS.nameChars)
  @JSONSchema({ description: 'One of the types that GET /v1/provider-types lists.', examples: ['smtp'] })
  type: string;

  @Optional()
  @Format('single-line')
  @MinLength(1)
  @MaxLength(ADMIN_LIMITS.nameChars)
  @JSONSchema({ description: 'Unique within the channel. The type when missing.' })
  name?: string;

  @JsonObject()
  @JSONSchema({ description: 'As the JSON schema of the type says. Stored encrypted.' })
  config: Record<string, unknown>;

  @Optional()
  @IsBoolean()
  @JSONSchema({ default: true })
  enabled?: boolean;

  @Optional()
  @IsInt()
  @Min(0)
  @Max(ADMIN_LIMITS.providerPosition)
  @JSONSchema({ default: 0, description: 'Of several providers of a channel, lower ones are used first.' })
  position?: number;

  @Optional()
  @IsInt()
  @Min(0)
  @Max(ADMIN_LIMITS.providerWeight)
  @JSONSchema({ default: 100, description: WEIGHT_DESCRIPTION })
  weight?: number;

  @Optional()
  @ValidateNested()
  @Type(() => ProviderLimitsDto)
  limits?: ProviderLimitsDto;
}

export class UpdateProviderDto {
  @Optional()
  @Format('single-line')
  @MinLength(1)
  @MaxLength(ADMIN_LIMITS.nameChars)
  name?: string;

  @Optional()
  @JsonObject()
  @JSONSchema({
    description:
      'Merged into the stored configuration (JSON Merge Patch, RFC 7396): what is left out keeps its value, secrets ' +
      'included; null removes a field. With a change of where the type sends secrets (its `destination` in ' +
      'GET /v1/provider-types) all secrets that are set have to be given again.',
  })
  config?: Record<string, unknown>;

  @Optional() @IsBoolean() enabled?: boolean;

  @Optional()
  @IsInt()
  @Min(0)
  @Max(ADMIN_LIMITS.providerPosition)
  position?: number;

  @Optional()
  @IsInt()
  @Min(0)
  @Max(ADMIN_LIMITS.providerWeight)
  weight?: number;

  @Optional()
  @ValidateNested()
  @Type(() => ProviderLimitsDto)
  @JSONSchema({ description: 'Replaces all limits; {} removes them.' })
  limits?: ProviderLimitsDto;

  @Optional()
  @IsIn(BREAKER_SETTINGS)
  @JSONSchema({ description: BREAKER_DESCRIPTION })
  breaker?: BreakerSetting;
}

export class ListProvidersQueryDto extends TenantPageQueryDto {
  @Optional() @IsIn(CHANNELS) channel?: Channel;
}

export class ProviderDto {
  @Format('uuid') id: string;
  @Format('uuid') tenantId: string;
  @IsIn(CHANNELS) channel: Channel;
  @IsString() type: string;
  @IsString() name: string;
  @IsObject()
  @JSONSchema({ description: 'Without its secrets.', additionalProperties: true })
  config: Record<string, unknown>;
  @IsString({ each: true })
  @JSONSchema({ description: 'The secret fields that have a value. Secrets are never shown.' })
  secretsSet: string[];
  @IsBoolean() enabled: boolean;
  @IsInt() position: number;
  @IsInt() @JSONSchema({ description: WEIGHT_DESCRIPTION }) weight: number;
  @Optional()
  @ValidateNested()
  @Type(() => ProviderLimitsDto)
  limits?: ProviderLimitsDto;
  @IsIn(BREAKER_SETTINGS) @JSONSchema({ description: BREAKER_DESCRIPTION }) breaker: BreakerSetting;
  @Format('rfc3339-time') createdAt: string;
  @Format('rfc3339-time') updatedAt: string;
}

export class ProviderPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => ProviderDto)
  @listOf('ProviderDto')
  items: ProviderDto[];
}

export class ProviderEventDto {
  @Format('uuid') id: string;
  @IsIn(Object.keys(PROVIDER_EVENTS))
  type: ProviderEventType;
  @Optional()
  @IsString()
  @JSONSchema({
    description: 'The code of the failure that opened a breaker, or how much of its weight is left.',
  })
  detail?: string;
  @Format('rfc3339-time') at: string;
}

export class ProviderEventPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => ProviderEventDto)
  @listOf('ProviderEventDto')
  items: ProviderEventDto[];
}

export class ProviderTypeDto {
  @IsIn(CHANNELS) channel: Channel;
  @IsString() type: string;
  @IsString() title: string;
  @IsString({ each: true })
  @JSONSchema({ description: 'Fields of the configuration that are never shown again.' })
  secrets: string[];
  @IsString({ each: true })
  @JSONSchema({
    description:
      'Fields that decide where or how secrets are sent: who changes one has to give the secrets again.',
  })
  destination: string[];
  @IsObject()
  @JSONSchema({ description: 'JSON Schema (2020-12) of the configuration.', additionalProperties: true })
  configSchema: Record<string, unknown>;
}

export class ProviderTypeListDto {
  @ValidateNested({ each: true })
  @Type(() => ProviderTypeDto)
  @listOf('ProviderTypeDto')
  items: ProviderTypeDto[];
}
