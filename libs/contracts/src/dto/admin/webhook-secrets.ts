import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, Min, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Format, Optional } from '../../validation/decorators';
import { ADMIN_LIMITS } from './admin-limits';
import { listOf, PageDto } from './page';

export class RotateWebhookSecretDto {
  @Optional()
  @IsInt()
  @Min(0)
  @Max(ADMIN_LIMITS.overlapSeconds)
  @JSONSchema({
    default: ADMIN_LIMITS.defaultOverlapSeconds,
    description:
      'How long webhooks are still signed with the old secret too. Two are live at most: rotating again during an ' +
      'overlap retires the oldest at once.',
  })
  overlapSeconds?: number;
}

export class WebhookSecretDto {
  @Format('uuid') id: string;
  @Format('rfc3339-time') createdAt: string;
  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'Nothing is signed with it from then on; missing for the current one.' })
  expiresAt?: string;
}

export class CreatedWebhookSecretDto extends WebhookSecretDto {
  @IsString()
  @JSONSchema({ description: '`whsec_` and the base64 of 32 random bytes. Shown this once.' })
  secret: string;
}

export class WebhookSecretPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => WebhookSecretDto)
  @listOf('WebhookSecretDto')
  items: WebhookSecretDto[];
}
