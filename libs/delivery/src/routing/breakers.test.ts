import { type SendOutcome } from '@herald/domain';
import { type BoardState } from '@herald/queue';
import { type Board, Breakers } from './breakers';

const OK: SendOutcome = { outcome: 'accepted' };
const DOWN: SendOutcome = { outcome: 'retry', reason: 'provider_unavailable', code: 'http_503' };
const MISCONFIGURED: SendOutcome = { outcome: 'config-halt', reason: 'provider_misconfigured', code: 'x' };
const GUARDED = { key: 'provider', setting: 'auto' } as const;

/** The board of a few workers, in this process. */
class SharedBoard implements Board {
  readonly states = new Map<string, { openUntil: number }>();
  probes = new Set<string>();
  away = false;

  async read(keys: readonly string[]): Promise<Map<string, BoardState>> {
    this.reach();
    const known = keys.flatMap((key) => {
      const state = this.states.get(key);
      if (!state) return [];
      const forMs = state.openUntil - Date.now();
      return [[key, forMs > 0 ? { kind: 'open', forMs } : { kind: 'suspect' }] as [string, BoardState]];
    });
    return new Map(known);
  }
  async open(key: string, ms: number): Promise<void> {
    this.reach();
    this.states.set(key, { openUntil: Date.now() + ms });
  }
  async close(key: string): Promise<void> {
    this.reach();
    this.states.delete(key);
    this.probes.delete(key);
  }
  async tryProbe(key: string): Promise<boolean> {
    this.reach();
    const free = !this.probes.has(key);
    this.probes.add(key);
    return free;
  }
  async releaseProbe(key: string): Promise<void> {
    this.probes.delete(key);
  }
  private reach(): void {
    if (this.away) throw new Error('away');
  }
}

describe('Breakers', () => {
  let board: SharedBoard;
  const changes: unknown[] = [];
  const worker = () =>
    new Breakers({
      board,
      onChange: (_key, change) => changes.push(change),
      onBoardFailure: () => undefined,
      now: Date.now,
    });
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    board = new SharedBoard();
    changes.length = 0;
  });
  afterEach(() => jest.useRealTimers());

  async function send(breakers: Breakers, outcome: SendOutcome): Promise<string> {
    const admission = await breakers.admit(GUARDED);
    if (admission.kind !== 'open') await breakers.run(GUARDED.key, admission, async () => outcome);
    return admission.kind;
  }
  async function sendMany(breakers: Breakers, count: number, outcome: SendOutcome): Promise<string[]> {
    const kinds = [];
    for (let n = 0; n < count; n += 1) kinds.push(await send(breakers, outcome));
    return kinds;
  }
  /** What is asked of the board comes behind the answer. */
  async function hearOfIt(breakers: Breakers): Promise<void> {
    jest.advanceTimersByTime(501);
    breakers.seemsOpen(GUARDED);
    await new Promise((resolve) => setImmediate(resolve));
  }

  it('opens after five failures and lets one message try when its time is over', async () => {
    const breakers = worker();
    expect(await sendMany(breakers, 6, DOWN)).toEqual([...Array(5).fill('watched'), 'open']);
    expect(changes).toEqual([{ open: true, code: 'http_503', forMs: 5000 }]);
    jest.advanceTimersByTime(5001);
    expect(await send(breakers, OK)).toBe('probe');
    expect(await sendMany(breakers, 3, OK)).toEqual(['watched', 'watched', 'watched']);
    expect(changes.at(-1)).toEqual({ open: false });
    expect(board.states.size).toBe(0);
  });

  it('stays open for longer when the try fails, too', async () => {
    const breakers = worker();
    await sendMany(breakers, 5, DOWN);
    jest.advanceTimersByTime(5001);
    expect(await sendMany(breakers, 2, DOWN)).toEqual(['probe', 'open']);
    jest.advanceTimersByTime(5001);
    expect(await send(breakers, OK)).toBe('open');
    jest.advanceTimersByTime(5001);
    expect(await send(breakers, OK)).toBe('probe');
  });

  it('opens when most fail, not when few do or when the provider asks to slow down', async () => {
    const few = worker();
    for (let n = 0; n < 20; n += 1) await sendMany(few, 1, n % 3 === 0 ? DOWN : OK);
    expect(await send(few, OK)).toBe('watched');
    const slow = worker();
    await sendMany(slow, 20, { outcome: 'retry', reason: 'rate_limited', code: 'http_429' });
    await sendMany(slow, 20, { outcome: 'permanent-address', reason: 'invalid_address', code: 'x' });
    await sendMany(slow, 20, { ...MISCONFIGURED, ofMessage: true });
    expect(await send(slow, OK)).toBe('watched');
    const misconfigured = worker();
    await sendMany(misconfigured, 5, MISCONFIGURED);
    expect(await send(misconfigured, OK)).toBe('open');
    const most = worker();
    for (let n = 0; n < 20; n += 1) await sendMany(most, 1, n % 3 === 0 ? OK : DOWN);
    expect(await send(most, OK)).toBe('open');
  });

  it('is told to the other workers, of which one tries for all', async () => {
    const [one, two, three] = [worker(), worker(), worker()] as const;
    await sendMany(one, 5, DOWN);
    await hearOfIt(two);
    await hearOfIt(three);
    expect([await send(two, OK), await send(three, OK)]).toEqual(['open', 'open']);
    jest.advanceTimersByTime(5001);
    await hearOfIt(two);
    await hearOfIt(three);
    const trying = await two.admit(GUARDED);
    expect([trying.kind, (await three.admit(GUARDED)).kind]).toEqual(['probe', 'open']);
    await two.run(GUARDED.key, trying, async () => OK);
    await hearOfIt(three);
    expect(await send(three, OK)).toBe('watched');
  });

  it('knows by itself when the time is over that the board told', async () => {
    const [one, two] = [worker(), worker()] as const;
    await sendMany(one, 5, DOWN);
    await hearOfIt(two);
    // What the board said is older than the time it gave, and nothing was read since.
    jest.advanceTimersByTime(5001);
    expect((await two.admit(GUARDED)).kind).toBe('probe');
  });

  it('knows it also when it asked about others meanwhile', async () => {
    const [one, two] = [worker(), worker()] as const;
    await sendMany(one, 5, DOWN);
    await hearOfIt(two);
    jest.advanceTimersByTime(5001);
    two.seemsOpen({ ...GUARDED, key: 'other' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(two.seemsOpen(GUARDED)).toBe(false);
  });

  it('goes by itself while the board is away', async () => {
    const breakers = worker();
    board.away = true;
    expect(await sendMany(breakers, 6, DOWN)).toEqual([...Array(5).fill('watched'), 'open']);
    jest.advanceTimersByTime(5001);
    expect(await sendMany(breakers, 2, OK)).toEqual(['probe', 'watched']);
  });

  it('does as a person decided', async () => {
    const breakers = worker();
    expect((await breakers.admit({ ...GUARDED, setting: 'open' })).kind).toBe('open');
    await sendMany(breakers, 5, DOWN);
    expect((await breakers.admit({ ...GUARDED, setting: 'closed' })).kind).toBe('free');
    expect([breakers.seemsOpen(GUARDED), breakers.seemsOpen({ ...GUARDED, setting: 'closed' })]).toEqual([
      true,
      false,
    ]);
  });

  it('lets a call that throws go through, and lets go of the try', async () => {
    const breakers = worker();
    await sendMany(breakers, 5, DOWN);
    jest.advanceTimersByTime(5001);
    const admission = await breakers.admit(GUARDED);
    const thrown = breakers.run(GUARDED.key, admission, async () => Promise.reject(new Error('a bug')));
    await expect(thrown).rejects.toThrow('a bug');
    expect(board.probes.size).toBe(0);
  });
});
