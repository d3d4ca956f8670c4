import { type Scope } from '@herald/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An API key of a tenant. Only its SHA-256 is stored. */
@Entity('api_keys')
export class ApiKey {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'tenant_id' }) tenantId: string;
  @Column('text') name: string;
  @Column('bytea') hash: Buffer;
  /** The key with its middle hidden, for people. */
  @Column('text') hint: string;
  @Column('boolean') live: boolean;
  @Column('text', { array: true }) scopes: Scope[];
  @Column('integer') burst: number;
  @Column('integer', { name: 'per_second' }) perSecond: number;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt: Date;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt: Date | null;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt: Date | null;
  @Column('timestamptz', { name: 'last_used_at', nullable: true }) lastUsedAt: Date | null;
  @Column('uuid', { name: 'replaced_by', nullable: true }) replacedBy: string | null;
}
