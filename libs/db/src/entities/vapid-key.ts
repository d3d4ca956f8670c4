import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A pair that a tenant's web pushes are signed with (RFC 8292). Browsers stay with the one they subscribed with. */
@Entity('vapid_keys')
export class VapidKey {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'tenant_id' }) tenantId: string;
  /** How push services can reach the tenant: `mailto:` or an https URL. */
  @Column('text') subject: string;
  /** base64url. */
  @Column('text', { name: 'public_key' }) publicKey: string;
  /** Sealed; the row id is authenticated with it. */
  @Column('text', { name: 'private_key' }) privateKey: string;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt: Date;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt: Date | null;
}
