import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CHANNELS, type Channel, LANES, type Lane } from '../../channels';
import { REASONS, type Reason } from '../../outcome';
import { Format, Optional } from '../../validation/decorators';
import { ADMIN_LIMITS } from './admin-limits';
import { listOf, PageDto } from './page';
import { TenantPageQueryDto } from './tenant-query';

const REASON_NAMES = Object.keys(REASONS) as Reason[];

/** Why a dead letter was left as it is. */
export const NOT_SETTLED_REASONS = ['not_found', 'not_dead', 'expired'] as const;
export type NotSettledReason = (typeof NOT_SETTLED_REASONS)[number];

export class ListDeadLettersQueryDto extends TenantPageQueryDto {
  @Optional() @IsIn(CHANNELS) channel?: Channel;
  @Optional() @IsIn(REASON_NAMES) reason?: Reason;
  @Optional()
  @IsString()
  @MaxLength(ADMIN_LIMITS.nameChars)
  @JSONSchema({ description: 'The type of the last provider that was tried.', examples: ['smtp'] })
  provider?: string;
}

@JSONSchema({ description: 'All dead letters of the tenant when it is empty.' })
export class DeadLetterFilterDto {
  @Optional() @IsIn(CHANNELS) channel?: Channel;
  @Optional() @IsIn(REASON_NAMES) reason?: Reason;
  @Optional() @IsString() @MaxLength(ADMIN_LIMITS.nameChars) provider?: string;
  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'Those that became dead letters before then.' })
  before?: string;
}

@JSONSchema({ description: 'Either ids or filter is needed.' })
export class SelectDeadLettersDto {
  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(ADMIN_LIMITS.deadLetterIds)
  @Format('uuid', { each: true })
  ids?: string[];

  @Optional()
  @ValidateNested()
  @Type(() => DeadLetterFilterDto)
  filter?: DeadLetterFilterDto;

  @Optional()
  @IsInt()
  @Min(1)
  @Max(ADMIN_LIMITS.deadLettersByFilter)
  @JSONSchema({
    default: ADMIN_LIMITS.defaultDeadLettersByFilter,
    description: 'With a filter: at most this many, oldest notifications first.',
  })
  limit?: number;
}

export class DeadLetterDto {
  @Format('uuid')
  @JSONSchema({ description: 'The id of the delivery.' })
  id: string;
  @Format('uuid') notificationId: string;
  @IsIn(CHANNELS) channel: Channel;
  @IsIn(LANES) priority: Lane;
  @Optional() @IsString() provider?: string;
  @IsIn(REASON_NAMES) reason: Reason;
  @Optional()
  @IsString()
  @JSONSchema({ description: "The provider's own code, e.g. `twilio_30003`." })
  code?: string;
  @IsInt() attempts: number;
  @Format('rfc3339-time') at: string;
}

export class DeadLetterPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => DeadLetterDto)
  @listOf('DeadLetterDto')
  items: DeadLetterDto[];
}

export class NotSettledDeadLetterDto {
  @Format('uuid') id: string;
  @IsIn(NOT_SETTLED_REASONS)
  @JSONSchema({
    description:
      '`not_found`: no dead letter of the tenant. `not_dead`: something else became of the delivery meanwhile. ' +
      '`expired`: its expiresAt has passed; it stays a dead letter.',
  })
  reason: NotSettledReason;
}

const NOT_SETTLED = {
  type: 'array' as const,
  items: { $ref: '#/components/schemas/NotSettledDeadLetterDto' },
  description: `Which were not, and why; at most ${ADMIN_LIMITS.deadLettersReported} are listed.`,
};

export class ReplayResultDto {
  @IsInt() replayed: number;
  @Optional()
  @ValidateNested({ each: true })
  @Type(() => NotSettledDeadLetterDto)
  @JSONSchema(NOT_SETTLED)
  notReplayed?: NotSettledDeadLetterDto[];
}

export class DiscardResultDto {
  @IsInt() discarded: number;
  @Optional()
  @ValidateNested({ each: true })
  @Type(() => NotSettledDeadLetterDto)
  @JSONSchema(NOT_SETTLED)
  notDiscarded?: NotSettledDeadLetterDto[];
}
