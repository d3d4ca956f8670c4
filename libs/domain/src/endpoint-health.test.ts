import fc from 'fast-check';
import { ENDPOINT_PATIENCE_MS, endpointVerdict } from './endpoint-health';

const at = (ms: number) => new Date(ms);
const WELL = { gone: false, failingSince: null, failedAt: null };

describe('endpointVerdict', () => {
  it('leaves one that is well, or gone long since it failed once', () => {
    expect(endpointVerdict(WELL)).toBeUndefined();
    expect(endpointVerdict({ ...WELL, failingSince: at(0), failedAt: at(0) })).toBeUndefined();
  });

  it('disables one that answered 410, and says so although it fails too', () => {
    expect(endpointVerdict({ ...WELL, gone: true })).toBe('gone');
    const failing = { failingSince: at(0), failedAt: at(ENDPOINT_PATIENCE_MS) };
    expect(endpointVerdict({ gone: true, ...failing })).toBe('gone');
  });

  it('disables exactly those whose failures span five days', () => {
    fc.assert(
      fc.property(fc.nat(4e12), fc.nat(2 * ENDPOINT_PATIENCE_MS), (since, span) => {
        const verdict = endpointVerdict({ gone: false, failingSince: at(since), failedAt: at(since + span) });
        return (verdict === 'failing') === span >= ENDPOINT_PATIENCE_MS;
      }),
    );
    const failing = { gone: false, failingSince: at(0), failedAt: at(5 * 86_400_000) };
    expect(endpointVerdict(failing)).toBe('failing');
  });
});
