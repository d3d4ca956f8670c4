import {
  canTransition,
  DELIVERY_STATES,
  type DeliveryState,
  isSettled,
  OPEN_STATES,
  RECEIPT_RANK,
  RETRYABLE_STATES,
  type ReceiptState,
  statesLeadingTo,
  TRANSITIONS,
} from './delivery-state';

/** Every state that can be reached from one, in any number of steps. */
function reachable(from: DeliveryState): Set<DeliveryState> {
  const found = new Set<DeliveryState>();
  const open = [from];
  for (let state = open.pop(); state; state = open.pop()) {
    for (const next of TRANSITIONS[state]) {
      if (!found.has(next)) open.push(next);
      found.add(next);
    }
  }
  return found;
}

const endsWithin = (states: readonly DeliveryState[]) => states.filter((s) => TRANSITIONS[s].length === 0);

describe('TRANSITIONS', () => {
  it('knows every state and no other, and no state leads to itself', () => {
    expect(Object.keys(TRANSITIONS).sort()).toEqual([...DELIVERY_STATES].sort());
    for (const from of DELIVERY_STATES) {
      expect(new Set(TRANSITIONS[from]).size).toBe(TRANSITIONS[from].length);
      expect(TRANSITIONS[from]).not.toContain(from);
      for (const to of TRANSITIONS[from]) expect(DELIVERY_STATES).toContain(to);
    }
  });

  it('ends for good in what arrived, was canceled or expired', () => {
    expect(endsWithin(DELIVERY_STATES).sort()).toEqual(['canceled', 'delivered', 'expired']);
  });

  it('reaches every state from a new delivery', () => {
    expect([...reachable('scheduled'), 'scheduled'].sort()).toEqual(
      expect.arrayContaining([...DELIVERY_STATES].sort()),
    );
  });

  it('never sends again what a provider accepted, unless a receipt says that it did not arrive', () => {
    expect(TRANSITIONS.sent).toEqual(expect.not.arrayContaining(['queued', 'scheduled', 'sending']));
    expect(reachable('delivered').size).toBe(0);
    expect(statesLeadingTo('sending')).toEqual(['queued']);
  });

  it('lets work go on from every open state, and from a settled one only to try again or by a receipt', () => {
    for (const from of OPEN_STATES) expect(TRANSITIONS[from].some((to) => isSettled(to))).toBe(true);
    const settled = DELIVERY_STATES.filter(isSettled);
    for (const from of settled) {
      expect(TRANSITIONS[from].filter((to) => !isSettled(to) && to !== 'queued')).toEqual([]);
    }
  });

  it('lets no receipt lead to one of a lower rank', () => {
    const ranked = Object.keys(RECEIPT_RANK) as ReceiptState[];
    for (const from of ranked) {
      for (const to of ranked) {
        expect(canTransition(from, to)).toBe(RECEIPT_RANK[to] > RECEIPT_RANK[from]);
      }
    }
  });
});

describe('statesLeadingTo', () => {
  it('is the inverse of the table', () => {
    for (const to of DELIVERY_STATES) {
      for (const from of DELIVERY_STATES) {
        expect(statesLeadingTo(to).includes(from)).toBe(TRANSITIONS[from].includes(to));
        expect(canTransition(from, to)).toBe(TRANSITIONS[from].includes(to));
      }
    }
  });
});

describe('RETRYABLE_STATES', () => {
  it('is what waits, failed, or did not arrive', () => {
    expect([...RETRYABLE_STATES].sort()).toEqual(['dead', 'failed', 'scheduled', 'skipped', 'undelivered']);
  });
});
