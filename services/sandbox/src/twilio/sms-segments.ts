export interface SmsSegments {
  encoding: 'GSM-7' | 'UCS-2';
  /** How many messages the phone company counts. */
  segments: number;
  /** Septets in GSM-7, UTF-16 units in UCS-2. */
  units: number;
}

/** 3GPP TS 23.038, the default alphabet: one septet each. */
const GSM_BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** Its extension table: an escape and a septet. */
const GSM_EXTENDED = new Set('\f^{}\\[~]|€');

const LIMITS = {
  'GSM-7': { single: 160, part: 153 },
  'UCS-2': { single: 70, part: 67 },
} as const;

/** How a text is cut into SMS parts. A character of two units is never split between two parts. */
export function smsSegments(text: string): SmsSegments {
  const gsm = [...text].map(gsmUnits);
  const isGsm = gsm.every((units) => units > 0);
  const encoding = isGsm ? 'GSM-7' : 'UCS-2';
  const sizes = isGsm ? gsm : [...text].map((character) => character.length);
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const { single, part } = LIMITS[encoding];
  return { encoding, units, segments: units <= single ? 1 : countParts(sizes, part) };
}

function gsmUnits(character: string): number {
  if (GSM_BASIC.has(character)) return 1;
  return GSM_EXTENDED.has(character) ? 2 : 0;
}

function countParts(sizes: number[], limit: number): number {
  let parts = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > limit) {
      parts += 1;
      used = 0;
    }
    used += size;
  }
  return parts;
}
