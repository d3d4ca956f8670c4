import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A secret that a tenant's webhooks are signed with (Standard Webhooks). Two are live during a rotation. */
@Entity('webhook_secrets')
export class WebhookSecret {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid', { name: 'tenant_id' }) tenantId: string;
  /** Sealed; the row id is authenticated with it. */
  @Column('text') secret: string;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt: Date;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt: Date | null;
}
