import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsIn, IsString, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CHANNELS, type Channel } from '../../channels';
import { LIMITS } from '../../limits';
import { Format, Optional } from '../../validation/decorators';
import { listOf, PageDto } from './page';
import { TenantPageQueryDto, TenantQueryDto } from './tenant-query';

/** Why nothing more is sent to an address. */
export const SUPPRESSION_REASONS = [
  'bounce',
  'complaint',
  'opt_out',
  'endpoint_gone',
  'unregistered',
  'manual',
] as const;

export class CreateSuppressionDto {
  @IsIn(CHANNELS) channel: Channel;

  @IsString()
  @MinLength(1)
  @MaxLength(LIMITS.urlChars)
  @JSONSchema({
    description:
      'E-mail address, phone number (E.164), device token, endpoint of a web-push subscription, id of a recipient (in-app) or ' +
      'webhook URL, as the channel needs. Only a hash and a mask are kept.',
  })
  address: string;

  @Optional()
  @IsIn(SUPPRESSION_REASONS)
  @JSONSchema({
    default: 'manual',
    description: 'Others than `manual` are for bringing a list from elsewhere.',
  })
  reason?: (typeof SUPPRESSION_REASONS)[number];
}

export class ListSuppressionsQueryDto extends TenantPageQueryDto {
  @Optional() @IsIn(CHANNELS) channel?: Channel;
}

export class DeleteSuppressionQueryDto extends TenantQueryDto {
  @IsIn(CHANNELS) channel: Channel;

  @IsString()
  @MinLength(1)
  @MaxLength(LIMITS.urlChars)
  @JSONSchema({ description: 'The address itself, percent-encoded (`%2B4915112345678`).' })
  address: string;
}

export class SuppressionDto {
  @IsIn(CHANNELS) channel: Channel;
  @IsString()
  @JSONSchema({ description: 'The address with most of it hidden.', examples: ['a•••@example.com'] })
  hint: string;
  @IsIn(SUPPRESSION_REASONS) reason: (typeof SUPPRESSION_REASONS)[number];
  @Optional()
  @Format('uuid')
  @JSONSchema({ description: 'The delivery that it comes from.' })
  deliveryId?: string;
  @Format('rfc3339-time') createdAt: string;
}

export class SuppressionPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => SuppressionDto)
  @listOf('SuppressionDto')
  items: SuppressionDto[];
}
