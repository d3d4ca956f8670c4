import { planReceipts, planStatuses } from './plan-receipts';

const story = (plan: ReturnType<typeof planStatuses>) =>
  [...plan].sort((a, b) => a.atMs - b.atMs).map(({ status }) => status);
const receipts = (mode: 'late' | 'doubled' | 'reordered' | 'none') =>
  ({ type: 'receipts', mode, delayMs: 5000 }) as const;

describe('planReceipts', () => {
  const delivered = planStatuses(undefined);

  it('reports what happens, as it happens', () => {
    expect(story(delivered)).toEqual(['sent', 'delivered']);
    expect(planReceipts(delivered, undefined)).toEqual(delivered);
  });

  it('has an undelivered message sent first, and a failed one never', () => {
    const undelivered = planStatuses({ type: 'undelivered', errorCode: 30003, status: 'undelivered' });
    expect(story(undelivered)).toEqual(['sent', 'undelivered']);
    expect(undelivered[1]?.errorCode).toBe(30003);
    const failed = planStatuses({ type: 'undelivered', errorCode: 30008, status: 'failed' });
    expect(failed).toMatchObject([{ status: 'failed', errorCode: 30008 }]);
  });

  it('is late, doubled, reordered or silent when told so', () => {
    expect(planReceipts(delivered, receipts('late')).every(({ atMs }) => atMs >= 5000)).toBe(true);
    expect(story(planReceipts(delivered, receipts('doubled')))).toEqual([
      'sent',
      'sent',
      'delivered',
      'delivered',
    ]);
    expect(story(planReceipts(delivered, receipts('reordered')))).toEqual(['delivered', 'sent']);
    expect(planReceipts(delivered, receipts('none'))).toEqual([]);
  });
});
