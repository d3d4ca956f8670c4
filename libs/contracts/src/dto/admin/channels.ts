import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CHANNELS, type Channel, LANES, type Lane } from '../../channels';
import { listOf } from './page';

@JSONSchema({ description: 'Jobs, not deliveries: a job carries up to 50.' })
export class LaneStatusDto {
  @IsIn(LANES) priority: Lane;
  @IsInt() waiting: number;
  @IsInt() delayed: number;
  @IsInt() active: number;
}

export class ChannelStatusDto {
  @IsIn(CHANNELS) channel: Channel;
  @IsBoolean() paused: boolean;
  @ValidateNested({ each: true })
  @Type(() => LaneStatusDto)
  @listOf('LaneStatusDto')
  lanes: LaneStatusDto[];
}

export class ChannelListDto {
  @ValidateNested({ each: true })
  @Type(() => ChannelStatusDto)
  @listOf('ChannelStatusDto')
  items: ChannelStatusDto[];
}
