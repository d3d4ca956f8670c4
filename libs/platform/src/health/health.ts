import { isError } from '../log/is-error';
import { scrubSecrets } from '../log/scrub-secrets';

export interface CheckResult {
  ok: boolean;
  error?: string;
}

export interface Readiness {
  ok: boolean;
  checks: Record<string, CheckResult>;
}

interface Check {
  name: string;
  run: () => Promise<void>;
  timeoutMs: number;
  cached?: { at: number; result: Promise<CheckResult> };
}

/** Probes come from several sides; the parts behind the checks are asked at most this often. */
const CACHE_MS = 1000;
const MAX_ERROR_CHARS = 200;

/** Whether this process can do its work: every check passes and it is not stopping. */
export class Health {
  private readonly checks = new Map<string, Check>();
  private stopping = false;

  constructor(private readonly now: () => number = Date.now) {}

  /** Adds a check, which fails by throwing or by taking longer than `timeoutMs`. A name that exists is replaced. */
  add(name: string, check: () => Promise<void>, { timeoutMs = 2000 }: { timeoutMs?: number } = {}): void {
    this.checks.set(name, { name, run: check, timeoutMs });
  }

  /** From now on not ready, so that load balancers look elsewhere while running requests finish. */
  markStopping(): void {
    this.stopping = true;
  }

  /** What each check says, also while the process is stopping. */
  async results(): Promise<Record<string, CheckResult>> {
    const entries = await Promise.all(
      [...this.checks.values()].map(async (check) => [check.name, await this.result(check)] as const),
    );
    return Object.fromEntries(entries);
  }

  async ready(): Promise<Readiness> {
    const checks = await this.results();
    if (this.stopping) checks.process = { ok: false, error: 'stopping' };
    return { ok: Object.values(checks).every((check) => check.ok), checks };
  }

  private result(check: Check): Promise<CheckResult> {
    const now = this.now();
    if (!check.cached || now - check.cached.at >= CACHE_MS)
      check.cached = { at: now, result: runCheck(check) };
    return check.cached.result;
  }
}

async function runCheck({ run, timeoutMs }: Check): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([run(), timeout]);
    return { ok: true };
  } catch (error) {
    return { ok: false, error: describe(error) };
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): string {
  if (!isError(error)) return 'failed';
  // A refused connection to a name with several addresses has an empty message and a code.
  const text = error.message || (error as NodeJS.ErrnoException).code || error.name;
  return scrubSecrets(text).slice(0, MAX_ERROR_CHARS);
}
