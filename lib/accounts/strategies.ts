import { ConfigError } from '../config/config-error.ts';
import { seededIndex } from '../statistics/seeded.ts';
import type { Account } from '../target/accounts.ts';

/**
 * Ways to choose an account that need no shared state. `pinned` gives every parallel stream a slot of
 * its own and never exceeds a quota; `random-unsafe` is what a naive test does: collisions happen.
 */
export const STRATEGIES = ['pinned', 'random-unsafe'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Who asks: places a stream among all that run. */
export interface StreamPlace {
  /** 1-based, unique over VUs and instances. */
  readonly vu: number;
  /** Names the iteration, unique over the test. */
  readonly iteration: string;
  /** 0-based number of the iteration, unique over VUs and instances. */
  readonly turn: number;
  /** 0-based number of the stream within its iteration. */
  readonly index: number;
}

/** How many streams may run at the same time. */
export interface Parallelism {
  readonly vus: number;
  readonly streamsPerIteration: number;
}

export type ChooseAccount = (place: StreamPlace) => Account | undefined;

/** @throws ConfigError when `pinned` would need more slots than the accounts have, with the sum */
export function accountChooser(
  accounts: readonly Account[],
  strategy: Strategy,
  seed: number,
  parallel: Parallelism,
): ChooseAccount {
  if (accounts.length === 0) return () => undefined;
  if (strategy === 'random-unsafe') {
    return ({ iteration, index }) =>
      accounts[seededIndex(accounts.length, seed, 'account', iteration, index)];
  }
  const slots = pinnedSlots(accounts);
  checkSlots(accounts, slots.length, parallel);
  if (parallel.vus * parallel.streamsPerIteration === 1) {
    // One stream at a time needs one slot, whichever: so every account gets its turn.
    return ({ turn }) => accounts[turn % accounts.length];
  }
  return ({ vu, index }) => slots[((vu - 1) * parallel.streamsPerIteration + index) % slots.length];
}

/**
 * Slots numbered round robin over the accounts: a1#1, a2#1, …, a1#2, a2#2, …. Where no account has a
 * quota, one slot each is enough: they are shared without a limit.
 */
export function pinnedSlots(accounts: readonly Account[]): readonly Account[] {
  const limited = accounts.filter((account) => account.concurrency !== undefined);
  if (limited.length < accounts.length) return accounts;
  const rounds = Math.max(...limited.map(({ concurrency = 1 }) => concurrency));
  return Array.from({ length: rounds }, (_, round) =>
    limited.filter(({ concurrency = 1 }) => concurrency > round),
  ).flat();
}

function checkSlots(accounts: readonly Account[], slots: number, parallel: Parallelism): void {
  const limited = accounts.filter((account) => account.concurrency !== undefined);
  if (limited.length === 0) return;
  if (limited.length < accounts.length) {
    const open = accounts.find((account) => account.concurrency === undefined)?.id;
    throw new ConfigError(
      'strategy pinned',
      `needs a concurrency for every account or for none; account ${open} has none`,
    );
  }
  const needed = parallel.vus * parallel.streamsPerIteration;
  if (needed > slots) {
    throw new ConfigError(
      'strategy pinned',
      `needs a slot for every parallel stream: ${parallel.vus} VUs × ` +
        `${parallel.streamsPerIteration} streams an iteration = ${needed}, but the accounts hold ` +
        `${accounts.map(({ id, concurrency }) => `${id}: ${concurrency}`).join(', ')} = ${slots}; ` +
        'use fewer users, more accounts or --strategy random-unsafe',
    );
  }
}
