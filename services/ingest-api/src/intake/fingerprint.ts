import { hash } from 'node:crypto';
import { type SendNotificationDto } from '@herald/contracts';
import { configure } from 'safe-stable-stringify';

const canonical = configure({ bigint: false, circularValue: Error, deterministic: true });

/** SHA-256 (hex) of what a request asks for: the same for the same content whatever the order of its keys. */
export function fingerprint(dto: SendNotificationDto): string {
  return hash('sha256', canonical({ ...dto, idempotencyKey: undefined }) ?? '', 'hex');
}
