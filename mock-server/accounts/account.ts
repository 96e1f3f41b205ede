import type { RefusalForm, ResolvedAccount } from '../mock-options.ts';
import { createRandom } from '../random.ts';

/** Why an account does not let a stream in. */
export type AccountRefusal = 'concurrency' | 'spurious';

/** One account at work. There is one thread, so its quota is exact. */
export interface Account {
  readonly id: string;
  readonly refuse?: RefusalForm;
  /**
   * Counts one request. Undefined: a slot is free, and `take` may follow in the same turn of the
   * event loop.
   */
  refusalAt(now: number): AccountRefusal | undefined;
  take(): Lease;
  /** Instead of `take`: the account would let the stream in, the service does not. */
  countOverloaded(): void;
  stats(): AccountStats;
  /** Counters start again; what is open stays open, and its end is not counted any more. */
  reset(): void;
}

/** One slot. Only the first `release` counts. */
export interface Lease {
  /** Gives the slot back `releaseLagMs` after `endedAt`, and returns that moment. */
  release(endedAt: number, completed: boolean): number;
}

export interface AccountStats extends Counters {
  readonly id: string;
  /** null: no limit. */
  readonly concurrency: number | null;
  /** Streams now. A slot in its release lag is taken, but not open. */
  readonly open: number;
}

interface Counters {
  peakOpen: number;
  requests: number;
  admitted: number;
  /** Ended with the protocol's end marker. */
  completed: number;
  refusedConcurrency: number;
  refusedSpurious: number;
  refusedOverloaded: number;
}

export function createAccount(options: ResolvedAccount, seed: number): Account {
  const { id, concurrency, refuse, releaseLagMs, spuriousRefusal } = options;
  let open = 0;
  let counters = emptyCounters(0);
  // The lag is the same for all, so slots come free in the order of their ends. Read when somebody
  // asks: a timer would be late, and would refuse who comes just after the lag.
  const lagging: number[] = [];

  const busyAt = (now: number): number => {
    while (lagging[0] !== undefined && lagging[0] <= now) lagging.shift();
    return open + lagging.length;
  };
  const refusalAt = (now: number): AccountRefusal | undefined => {
    counters.requests += 1;
    if (busyAt(now) >= concurrency) {
      counters.refusedConcurrency += 1;
      return 'concurrency';
    }
    const drawn = createRandom(seed, 'spurious', id, counters.requests).next();
    if (drawn >= spuriousRefusal) return undefined;
    counters.refusedSpurious += 1;
    return 'spurious';
  };
  const take = (): Lease => {
    const own = counters;
    open += 1;
    own.admitted += 1;
    own.peakOpen = Math.max(own.peakOpen, open);
    let freeAt: number | undefined;
    const release = (endedAt: number, completed: boolean): number => {
      if (freeAt !== undefined) return freeAt;
      freeAt = endedAt + releaseLagMs;
      open -= 1;
      if (completed) own.completed += 1;
      if (releaseLagMs > 0) lagging.push(freeAt);
      return freeAt;
    };
    return { release };
  };
  return {
    id,
    ...(refuse !== undefined && { refuse }),
    refusalAt,
    take,
    countOverloaded: () => {
      counters.refusedOverloaded += 1;
    },
    stats: () => ({
      id,
      concurrency: Number.isFinite(concurrency) ? concurrency : null,
      open,
      ...counters,
    }),
    reset: () => {
      counters = emptyCounters(open);
    },
  };
}

function emptyCounters(open: number): Counters {
  return {
    peakOpen: open,
    requests: 0,
    admitted: 0,
    completed: 0,
    refusedConcurrency: 0,
    refusedSpurious: 0,
    refusedOverloaded: 0,
  };
}
