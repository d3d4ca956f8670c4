import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsBoolean, IsString, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Format, Optional } from '../../validation/decorators';
import { ADMIN_LIMITS } from './admin-limits';
import { listOf, PageDto } from './page';

export class CreateTenantDto {
  @Format('single-line')
  @MinLength(1)
  @MaxLength(ADMIN_LIMITS.nameChars)
  name: string;
}

export class UpdateTenantDto {
  @Optional()
  @Format('single-line')
  @MinLength(1)
  @MaxLength(ADMIN_LIMITS.nameChars)
  name?: string;

  @Optional()
  @IsBoolean()
  @JSONSchema({
    description: 'The keys of a disabled tenant are refused; what was accepted is still delivered.',
  })
  disabled?: boolean;
}

export class TenantDto {
  @Format('uuid') id: string;
  @IsString() name: string;
  @IsBoolean() disabled: boolean;
  @Format('rfc3339-time') createdAt: string;
}

export class CreatedTenantDto extends TenantDto {
  @IsString()
  @JSONSchema({
    description: "Signs the tenant's webhooks (Standard Webhooks). Shown this once.",
    examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw…'],
  })
  webhookSecret: string;
}

export class TenantPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => TenantDto)
  @listOf('TenantDto')
  items: TenantDto[];
}
