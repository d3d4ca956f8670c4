import { type Channel } from '@herald/contracts';
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
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt: Date;
  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' }) updatedAt: Date;
}
