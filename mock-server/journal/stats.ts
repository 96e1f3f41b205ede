import type { AccountStats } from '../accounts/account.ts';
import { createLateness, type Lateness, type LatenessSummary } from './lateness.ts';

/** What `GET /__mock/stats` answers. */
export interface Stats {
  readonly accounts: readonly AccountStats[];
  readonly totals: Totals;
  /** How late chunks were written, those aside that had to wait for the client to read. */
  readonly lateness: LatenessSummary;
}

export interface Totals {
  /** TCP connections accepted. */
  readonly connections: number;
  /** Questions and refused upgrades, each once. */
  readonly streams: number;
  readonly open: number;
  readonly completed: number;
  readonly chunks: number;
  readonly refused: number;
  readonly refusedOverloaded: number;
  /** Streams with a fault, by choice or by draw. */
  readonly faults: number;
  /** Streams that the capacity model broke. */
  readonly broken: number;
  /** Streams and logins. */
  readonly authFailures: number;
}

/** The counters of one period, from start or reset on. A stream counts where it began. */
export class Tally {
  connections = 0;
  streams = 0;
  open = 0;
  completed = 0;
  chunks = 0;
  refused = 0;
  refusedOverloaded = 0;
  faults = 0;
  broken = 0;
  authFailures = 0;
  readonly lateness: Lateness = createLateness();

  addChunk(latenessMs: number | undefined): void {
    this.chunks += 1;
    if (latenessMs !== undefined) this.lateness.add(latenessMs);
  }

  stats(accounts: readonly AccountStats[]): Stats {
    const { lateness, ...totals } = this;
    return { accounts, totals, lateness: lateness.summary() };
  }
}
