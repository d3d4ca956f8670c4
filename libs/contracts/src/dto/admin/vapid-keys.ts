import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, Min, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Format, Optional } from '../../validation/decorators';
import { ADMIN_LIMITS } from './admin-limits';
import { listOf, PageDto } from './page';

const SUBJECT = {
  description: 'How push services can reach whoever sends: `mailto:` and an e-mail address, or an https URL.',
  examples: ['mailto:ops@example.com'],
};

export class CreateVapidKeyDto {
  @Format('vapid-subject')
  @JSONSchema(SUBJECT)
  subject: string;

  @Optional()
  @IsInt()
  @Min(0)
  @Max(ADMIN_LIMITS.vapidRetirementSeconds)
  @JSONSchema({
    description:
      'When the keys that there are end. Browsers that subscribed with them are not reached from then on, unless they ' +
      'subscribed anew. Missing: they go on until they are deleted.',
  })
  retireOthersAfterSeconds?: number;
}

export class UpdateVapidKeyDto {
  @Optional()
  @Format('vapid-subject')
  @JSONSchema({ ...SUBJECT, description: `${SUBJECT.description} That of the newest key is used.` })
  subject?: string;
}

export class VapidKeyDto {
  @Format('uuid') id: string;
  @IsString() subject: string;
  @IsString()
  @JSONSchema({ description: 'What `pushManager.subscribe` takes as applicationServerKey: base64url.' })
  publicKey: string;
  @Format('rfc3339-time') createdAt: string;
  @Optional()
  @Format('rfc3339-time')
  @JSONSchema({ description: 'Nothing is signed with it from then on.' })
  expiresAt?: string;
}

export class VapidKeyPageDto extends PageDto {
  @ValidateNested({ each: true })
  @Type(() => VapidKeyDto)
  @listOf('VapidKeyDto')
  items: VapidKeyDto[];
}
