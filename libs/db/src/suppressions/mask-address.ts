import { type Channel } from '@herald/contracts';

const HIDDEN = '•••';

/** An address with most of it hidden, for people: `a•••@example.com`, `+49•••678`, `•••c3d4`, the host of a URL. */
export function maskAddress(channel: Channel, address: string): string {
  return MASKS[channel](address.trim());
}

const MASKS: Record<Channel, (address: string) => string> = {
  email: (address) => {
    const at = address.lastIndexOf('@');
    const local = address.slice(0, Math.max(at, 0));
    // One character of one or two is most of it.
    return `${local.length > 2 ? local[0] : ''}${HIDDEN}${at < 0 ? '' : address.slice(at)}`;
  },
  sms: (number) => {
    const shown = number.length >= 10 ? 3 : 2;
    return number.length < 6 ? HIDDEN : `${number.slice(0, shown)}${HIDDEN}${number.slice(-shown)}`;
  },
  push: lastOf,
  webpush: hostOf,
  inapp: lastOf,
  webhook: hostOf,
};

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : HIDDEN;
}

/** The last four characters, of three times as many at least. */
function lastOf(text: string): string {
  return text.length < 12 ? HIDDEN : `${HIDDEN}${text.slice(-4)}`;
}
