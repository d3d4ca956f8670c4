import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsString, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CHANNELS, type Channel, LANES, type Lane } from '../../channels';
import { Format, Optional } from '../../validation/decorators';
import { ADMIN_LIMITS } from './admin-limits';
import { listOf } from './page';

@JSONSchema({ description: 'Jobs, not deliveries: a job carries up to 50.' })
export class LaneStatusDto {
  @IsIn(LANES) priority: Lane;
  @IsInt() waiting: number;
  @IsInt() delayed: number;
  @IsInt() active: number;
}

export class PauseChannelDto {
  @Optional()
  @IsString()
  @MinLength(1)
  @MaxLength(ADMIN_LIMITS.pauseReasonChars)
  @JSONSchema({ description: 'Why, for whoever finds it paused.', examples: ['Twilio has an outage'] })
  reason?: string;

  @Optional()
  @IsString()
  @MinLength(1)
  @MaxLength(ADMIN_LIMITS.nameChars)
  @JSONSchema({ description: "Who: the operator's key does not say.", examples: ['Ada, on call'] })
  by?: string;
}

export class ChannelStatusDto {
  @IsIn(CHANNELS) channel: Channel;
  @IsBoolean() paused: boolean;
  @Optional() @Format('rfc3339-time') pausedAt?: string;
  @Optional()
  @IsString()
  @JSONSchema({ description: 'As the pause said it.' })
  pausedBy?: string;
  @Optional()
  @IsString()
  @JSONSchema({ description: 'As the pause said it.' })
  pauseReason?: string;
  @ValidateNested({ each: true })
  @Type(() => LaneStatusDto)
  @JSONSchema({
    type: 'array',
    items: { $ref: '#/components/schemas/LaneStatusDto' },
    description: 'Empty while the queues do not answer.',
  })
  lanes: LaneStatusDto[];
}

export class ChannelListDto {
  @ValidateNested({ each: true })
  @Type(() => ChannelStatusDto)
  @listOf('ChannelStatusDto')
  items: ChannelStatusDto[];
}
