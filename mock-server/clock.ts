/** Epoch milliseconds, fractional; and something that runs at such a moment. */
export interface Clock {
  now(): number;
  /** Runs once, never before `dueAt`. */
  at(dueAt: number, run: () => void): Cancel;
}

export type Cancel = () => void;

/** setTimeout keeps 31 bits; a longer wait is taken in several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The process's own clock with microsecond resolution (`Date.now()` has 1 ms). It is monotonic: a
 * step of the system clock after the start is not followed, a slow correction by NTP is.
 */
export const systemClock: Clock = { now, at };

function now(): number {
  return performance.timeOrigin + performance.now();
}

function at(dueAt: number, run: () => void): Cancel {
  let timer = setTimeout(check, waitMs(dueAt));
  // Node cuts timers to whole milliseconds and counts from the start of the loop's turn, so one may
  // fire up to 1 ms early: look at the clock again instead of trusting it.
  function check(): void {
    if (now() >= dueAt) run();
    else timer = setTimeout(check, waitMs(dueAt));
  }
  return () => clearTimeout(timer);
}

function waitMs(dueAt: number): number {
  return Math.min(Math.max(Math.ceil(dueAt - now()), 1), LONGEST_TIMER_MS);
}
