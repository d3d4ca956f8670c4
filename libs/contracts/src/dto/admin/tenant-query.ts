import 'reflect-metadata';
import { JSONSchema } from 'class-validator-jsonschema';
import { Format, Optional } from '../../validation/decorators';
import { PageQueryDto } from '../notification-views';

const TENANT_ID = {
  description: 'For the operator: the tenant to act on, instead of the Herald-Tenant header.',
};

/** Which tenant an operator means; for routes that belong to one tenant. */
export class TenantQueryDto {
  @Optional() @Format('uuid') @JSONSchema(TENANT_ID) tenantId?: string;
}

/** The same for lists. */
export class TenantPageQueryDto extends PageQueryDto {
  @Optional() @Format('uuid') @JSONSchema(TENANT_ID) tenantId?: string;
}
