import { type Channel } from '@herald/contracts';
import { type SuppressionReason } from '@herald/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An address that a tenant no longer sends to. Only a hash of the address is stored. */
@Entity('suppressions')
export class Suppression {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) tenantId: string;
  /** False for what test keys caused. */
  @PrimaryColumn('boolean') live: boolean;
  @PrimaryColumn('text') channel: Channel;
  @PrimaryColumn('bytea', { name: 'address_key' }) addressKey: Buffer;
  @Column('text') reason: SuppressionReason;
  /** The address with most of it hidden, for people. */
  @Column('text') hint: string;
  @Column('uuid', { name: 'delivery_id', nullable: true }) deliveryId: string | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt: Date;
}
