import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { SCOPES, type Scope } from '../../channels';
import { Format, Optional } from '../../validation/decorators';
import { ADMIN_LIMITS, DEFAULT_RATE_LIMIT } from './admin-limits';
import { listOf, PageDto } from './page';

/** A live key's notifications reach people; a test key's go to the built-in simulated providers. */
export const KEY_MODES = ['live', 'test'] as const;
export type KeyMode = (typeof KEY_MODES)[number];

@JSONSchema({ description: 'Requests of the key; a token bucket.' })
export class RateLimitDto {
  @IsInt() @Min(1) @Max(ADMIN_LIMITS.ratePerSecond) perSecond: number;
  @IsInt() @Min(1) @Max(ADMIN_LIMITS.burst) burst: number;
}

export class CreateApiKeyDto {
  @Optional()
  @Format('uuid')
  @JSONSchema({ description: 'For the operator: whose key it is, instead of the Herald-Tenant header.' })
  tenantId?: string;

  @Format('single-line')
  @MinLength(1)
  @MaxLength(ADMIN_LIMITS.nameChars)
  name: string;

  @IsIn(KEY_MODES)
  @JSONSchema({ description: "A test key's notifications never reach a real provider." })
  mode: KeyMode;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(SCOPES, { each: true })
  @JSONSchema({ description: 'Scopes do not imply each other; `admin` administers the whole tenant.' })
  scopes: Scope[];

  @Optional() @Format('rfc3339-time') expiresAt?: string;

  @Optional()
  @ValidateNested()
  @Type(() => RateLimitDto)
  @JSONSchema({ default: DEFAULT_RATE_LIMIT })
  rateLimit?: RateLimitDto;
}

export class RotateApiKeyDto {
  @Optional()
  @IsInt()
  @Min(0)
  @Max(ADMIN_LIMITS.overlapSeconds)
  @JSONSchema({
    default: ADMIN_LIMITS.defaultOverlapSeconds,
    description: 'How long the old key still works, unless it expires earlier.',
  })
  overlapSeconds?: number;

  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'When missing, the new key lives as long as the old one was made for.' })
  expiresAt?: string;
}

export class ApiKeyDto {
  @Format('uuid') id: string;
  @Format('uuid') tenantId: string;
  @IsString() name: string;
  @IsString()
  @JSONSchema({
    description: 'Enough of the key to recognise it by.',
    examples: ['hk_live_abcd…wxyz'],
  })
  hint: string;
  @IsIn(KEY_MODES) mode: KeyMode;
  @IsIn(SCOPES, { each: true }) scopes: Scope[];
  @ValidateNested()
  @Type(() => RateLimitDto)
  rateLimit: RateLimitDto;
  @Format('rfc3339-time') createdAt: string;
  @Optional() @Format('rfc3339-time') expiresAt?: string;
  @Optional() @Format('rfc3339-time') revokedAt?: string;
  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'To within about a minute.' })
  lastUsedAt?: string;
  @Optional()
  @Format('uuid')
  @JSONSchema({ description: 'The key that this one was rotated to.' })
  replacedBy?: string;
}

export class CreatedApiKeyDto extends ApiKeyDto {
  @IsString()
  @JSONSchema({ description: 'The key. Shown this once; only a hash of it is kept.' })
  key: string;
}

export class ApiKeyPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => ApiKeyDto)
  @listOf('ApiKeyDto')
  items: ApiKeyDto[];
}
