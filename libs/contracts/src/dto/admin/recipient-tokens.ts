import 'reflect-metadata';
import { IsInt, IsString, Max, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Format, Optional } from '../../validation/decorators';
import { ADMIN_LIMITS } from './admin-limits';

export class CreateRecipientTokenDto {
  @Format('recipient-id')
  @JSONSchema({
    description: 'Whose feed the token opens: somebody whom you know to be this one.',
    examples: ['user_42'],
  })
  recipient: string;

  @Optional()
  @IsInt()
  @Min(ADMIN_LIMITS.minRecipientTokenSeconds)
  @Max(ADMIN_LIMITS.maxRecipientTokenSeconds)
  @JSONSchema({ default: ADMIN_LIMITS.defaultRecipientTokenSeconds })
  ttlSeconds?: number;
}

export class RecipientTokenDto {
  @IsString()
  @JSONSchema({ description: 'A JWT, for `Authorization: Bearer` and for the hello of a socket.' })
  token: string;

  @Format('rfc3339-time') expiresAt: string;
}
