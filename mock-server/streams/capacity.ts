import type { CapacityOptions } from '../mock-options.ts';
import type { Random } from '../random.ts';

/**
 * A service that is fast while it has room and degrades as a batching inference engine does.
 *
 * - **Slots.** A stream is generated while it holds one of `slots`; further ones wait in arrival order,
 *   at most `queue` of them; the next is refused as overloaded. Its TTFT starts when it gets the
 *   slot: `TTFT = wait + plan`.
 * - **Chunk budget.** All streams share `chunksPerSecond`, first come, first served. A stream asks for
 *   its next chunk one planned gap after the last one was served, so with N streams generating
 *   `gap = max(plan, N / chunksPerSecond)`, and no more than `slots / chunksPerSecond`. Up to 50 ms
 *   worth of unused budget is kept, so that chance bursts below capacity cost nothing.
 * - **Slip.** How far a stream is behind its own plan: wait, plus all that its gaps were stretched.
 * - **Breaking.** Each stream draws its breaking point when it enters. With u uniform in [0, 1):
 *   it breaks at a slip of `breakSlipMs × (1 + u / breakShare)` if u < breakShare, else never. So
 *   no stream breaks before `breakSlipMs`, a share `breakShare` has broken at twice that slip, and
 *   the share grows evenly between. A third each: clean end without marker, reset, stall.
 *
 * Offered chunks per second = arrival rate × chunks a stream. Below `chunksPerSecond`, and with
 * streams in flight (arrival rate × duration) below `slots`, times are those of the plan. Above,
 * streams pile up to `slots`, then to `queue`; what the service completes stays at its capacity.
 */
export interface Capacity {
  /** Undefined: the queue is full. `random` decides whether and how this stream breaks. */
  enter(random: Random): Seat | undefined;
}

/** One stream's place in the queue, then its slot. */
export interface Seat {
  /** Runs once the stream has its slot: now, or later. */
  whenReady(run: () => void): void;
  /** A chunk wanted at this moment is served at the returned one. To be asked when it is wanted. */
  serve(wantedAt: number): number;
  /** How the stream breaks, if it does so at this slip. */
  breakAt(slipMs: number): Break | undefined;
  /** Only the first call counts. */
  leave(): void;
}

export type Break = 'no-terminal' | 'rst' | 'stall';

const BREAKS: readonly Break[] = ['no-terminal', 'rst', 'stall'];

const KEPT_BUDGET_MS = 50;

export function createCapacity(options: Required<CapacityOptions> | undefined): Capacity {
  return options === undefined ? { enter: () => BOUNDLESS } : createBounded(options);
}

const BOUNDLESS: Seat = {
  whenReady: (run) => run(),
  serve: (wantedAt) => wantedAt,
  breakAt: () => undefined,
  leave: () => undefined,
};

function createBounded(options: Required<CapacityOptions>): Capacity {
  const queue = createSlotQueue(options.slots);
  const serve = createChunkBudget(options.chunksPerSecond);
  const enter = (random: Random): Seat | undefined => {
    if (queue.waiting() >= options.queue && queue.isFull()) return undefined;
    const place = queue.join();
    return { ...place, serve, breakAt: drawBreak(options, random) };
  };
  return { enter };
}

/** The generic cell rate algorithm: a token bucket that keeps one number. */
function createChunkBudget(chunksPerSecond: number): (wantedAt: number) => number {
  const chunkMs = 1000 / chunksPerSecond;
  let bookedUntil = Number.NEGATIVE_INFINITY;
  return (wantedAt) => {
    const start = Math.max(bookedUntil, wantedAt);
    bookedUntil = start + chunkMs;
    return Math.max(wantedAt, start - KEPT_BUDGET_MS);
  };
}

function drawBreak(
  { breakSlipMs, breakShare }: Required<CapacityOptions>,
  random: Random,
): (slipMs: number) => Break | undefined {
  const drawn = random.next();
  const how = BREAKS[Math.floor(random.next() * BREAKS.length)];
  const breakingSlipMs =
    drawn < breakShare ? breakSlipMs * (1 + drawn / breakShare) : Number.POSITIVE_INFINITY;
  return (slipMs) => (slipMs > breakingSlipMs ? how : undefined);
}

interface SlotQueue {
  join(): Pick<Seat, 'whenReady' | 'leave'>;
  waiting(): number;
  isFull(): boolean;
}

interface Place {
  state: 'waiting' | 'seated' | 'gone';
  run: (() => void) | undefined;
}

function createSlotQueue(slots: number): SlotQueue {
  let taken = 0;
  let seating = false;
  // A set keeps the order of arrival, and who leaves while waiting is gone at once.
  const waiting = new Set<Place>();

  // Seating one stream may end another and free its slot: a loop, so that this never recurses.
  const seatNext = (): void => {
    if (seating) return;
    seating = true;
    for (const place of waiting) {
      if (taken >= slots) break;
      waiting.delete(place);
      taken += 1;
      place.state = 'seated';
      place.run?.();
    }
    seating = false;
  };
  const leave = (place: Place): void => {
    if (place.state === 'waiting') waiting.delete(place);
    if (place.state === 'seated') taken -= 1;
    place.state = 'gone';
    seatNext();
  };
  const join = (): Pick<Seat, 'whenReady' | 'leave'> => {
    const place: Place = { state: 'waiting', run: undefined };
    waiting.add(place);
    seatNext();
    const whenReady = (run: () => void): void => {
      if (place.state === 'seated') run();
      else place.run = run;
    };
    return { whenReady, leave: () => leave(place) };
  };
  return { join, waiting: () => waiting.size, isFull: () => taken >= slots };
}
