import { DELIVERY_STATES, type DeliveryState, isSettled } from './delivery-state';
import { NOTIFICATION_STATES, notificationState } from './notification-state';

type Counts = Partial<Record<DeliveryState, number>>;

describe('notificationState', () => {
  it.each<[Counts, string]>([
    [{ queued: 2 }, 'accepted'],
    [{ scheduled: 1, queued: 1 }, 'accepted'],
    [{ queued: 1, sending: 1 }, 'processing'],
    [{ queued: 1, sent: 1 }, 'processing'],
    [{ scheduled: 1, skipped: 1 }, 'processing'],
    [{ sent: 1 }, 'completed'],
    [{ delivered: 1, dead: 5, canceled: 1 }, 'completed'],
    [{ dead: 1 }, 'failed'],
    [{ failed: 1, skipped: 1, undelivered: 1, expired: 1 }, 'failed'],
    [{ canceled: 3 }, 'canceled'],
    [{ canceled: 1, skipped: 1 }, 'canceled'],
    [{ canceled: 0, dead: 1, queued: 0 }, 'failed'],
  ])('%j is %s', (counts, state) => {
    expect(notificationState(counts)).toBe(state);
  });

  it('is settled exactly when every delivery is, for every pair of states', () => {
    for (const one of DELIVERY_STATES) {
      for (const other of DELIVERY_STATES) {
        const state = notificationState({ [one]: 1, [other]: 2 });
        expect(NOTIFICATION_STATES).toContain(state);
        expect(!['accepted', 'processing'].includes(state)).toBe(isSettled(one) && isSettled(other));
      }
    }
  });
});
