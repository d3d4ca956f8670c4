import { createHash } from 'node:crypto';

/** The id of an event that a provider told of, as a UUIDv8 (RFC 9562): the same however often it is told. */
export function receiptEventId(providerId: string, eventId: string): string {
  const bytes = createHash('sha256').update(`${providerId}\n${eventId}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
