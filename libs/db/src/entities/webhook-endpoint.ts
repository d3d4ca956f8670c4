import { type EndpointDisabledReason } from '@herald/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where a tenant wants Herald's own events. */
@Entity('webhook_endpoints')
export class WebhookEndpoint {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'tenant_id' }) tenantId: string;
  /** Of which notifications it is told: those of live or of test keys. */
  @Column('boolean') live: boolean;
  @Column('text') url: string;
  /** See `addressKey`. */
  @Column('bytea', { name: 'url_key' }) urlKey: Buffer;
  @Column('text', { nullable: true }) description: string | null;
  /** All when null. */
  @Column('text', { array: true, nullable: true }) events: string[] | null;
  @Column('boolean', { default: true }) enabled: boolean;
  @Column('text', { name: 'disabled_reason', nullable: true }) disabledReason: EndpointDisabledReason | null;
  @Column('timestamptz', { name: 'failing_since', nullable: true }) failingSince: Date | null;
  @Column('timestamptz', { name: 'failed_at', nullable: true }) failedAt: Date | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt: Date;
  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' }) updatedAt: Date;
}
