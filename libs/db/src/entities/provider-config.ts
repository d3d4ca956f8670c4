import { type BreakerSetting, type Channel, type ProviderLimits } from '@herald/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A tenant's configuration of a provider. `config` is sealed JSON; the row id is authenticated with it. */
@Entity('provider_configs')
export class ProviderConfig {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'tenant_id' }) tenantId: string;
  @Column('text') channel: Channel;
  @Column('text') type: string;
  @Column('text') name: string;
  @Column('text') config: string;
  @Column('boolean', { default: true }) enabled: boolean;
  /** Lower ones are used first. */
  @Column('integer', { default: 0 }) position: number;
  /** Its share of the messages among those of its position. */
  @Column('smallint', { default: 100 }) weight: number;
  @Column('jsonb', { nullable: true }) limits: ProviderLimits | null;
  /** Open or closed when a person decided so. */
  @Column('text', { default: 'auto' }) breaker: BreakerSetting;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt: Date;
  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' }) updatedAt: Date;
}
