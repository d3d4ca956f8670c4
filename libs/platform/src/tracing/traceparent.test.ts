import fc from 'fast-check';
import { formatTraceparent, parseTraceparent, traceIdOf } from './traceparent';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('traceparent', () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, 1],
    [`00-${TRACE}-${SPAN}-00`, 0],
    // Only one flag is known.
    [`00-${TRACE}-${SPAN}-03`, 1],
    [`00-${TRACE}-${SPAN}-fe`, 0],
    // A later version may add something.
    [`cc-${TRACE}-${SPAN}-01-more`, 1],
  ])('reads %s', (text, traceFlags) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags, isRemote: true });
  });

  it.each([
    undefined,
    ['a', 'b'],
    '',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01 `,
    `cc-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`,
  ])('takes %p for none', (text) => expect(parseTraceparent(text)).toBeUndefined());

  it('gives back what it wrote, and never throws', () => {
    const hex = (length: number) =>
      fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => /[^0]/.test(text));
    fc.assert(
      fc.property(hex(32), hex(16), fc.constantFrom(0, 1), (traceId, spanId, traceFlags) => {
        const context = { traceId, spanId, traceFlags };
        const text = formatTraceparent(context);
        expect(parseTraceparent(text)).toEqual({ ...context, isRemote: true });
        expect(traceIdOf(text)).toBe(traceId);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void parseTraceparent(text)));
  });
});
