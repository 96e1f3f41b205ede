import type { Cancel, Clock } from '../clock.ts';
import type { Break, Seat } from './capacity.ts';
import { isContent, type PlanEnd, type Step, type StreamPlan } from './plan.ts';

/** Where a plan is played to: an HTTP response, or a WebSocket. */
export interface Sink {
  /** Headers. A WebSocket has sent them long ago. */
  start(): void;
  /**
   * Hands bytes to the kernel. `full`: taken, but wait for `onDrain` before the next; `gone`: not
   * taken, the client has left.
   */
  write(bytes: Buffer): 'taken' | 'full' | 'gone';
  /** `settled`: the client has seen an end marker or an error frame, and may close by itself. */
  end(how: PlanEnd, settled: boolean): void;
  /** Drops the connection of a client that does not read. */
  destroy(): void;
  onDrain(run: () => void): void;
  /** The client has left. Must not run inside another call of the sink. */
  onGone(run: () => void): void;
}

export interface PlayOptions {
  readonly plan: StreamPlan;
  /** Zero of all times of the plan. */
  readonly startAt: number;
  readonly sink: Sink;
  readonly seat: Seat;
  readonly clock: Clock;
  readonly idleLimitMs: number;
  onContent(latenessMs: number | undefined): void;
  onEnd(played: Played): void;
}

/** What was really sent, and when. */
export interface Played {
  /** After `startAt`; includes what the capacity model added. */
  readonly chunkDueMs: readonly number[];
  /** Read just before the bytes went to the kernel: no client can have seen them earlier. */
  readonly chunkWrittenAt: readonly number[];
  /** Last byte handed over, or client gone. */
  readonly endedAt: number;
  readonly endedBy: EndedBy;
  readonly marker: boolean;
  readonly bytes: number;
  /** Of chunks that did not have to wait for the client to read. */
  readonly latenessMsMax: number;
  /** Time spent waiting for the client to read. */
  readonly blockedMs: number;
  /** How the capacity model broke the stream. */
  readonly broken: Break | undefined;
}

export type EndedBy = 'server' | 'client' | 'idle-limit' | 'shutdown';

/** A stream being played. */
export interface LiveStream {
  stop(endedBy: EndedBy): void;
}

/**
 * Plays a plan to absolute deadlines: each step is due at `startAt + atMs`, plus what the capacity
 * model made it slip, however late the steps before it were written. What is due is written at
 * once; nothing is written before.
 */
export function playStream(options: PlayOptions): LiveStream {
  const player = new Player(options);
  player.begin();
  return player;
}

class Player implements LiveStream {
  readonly #options: PlayOptions;
  readonly #played = new PlayedSoFar();
  #plan: StreamPlan;
  #index = 0;
  #started = false;
  #seated = false;
  #slipMs = 0;
  /** Of the step at `#index`, once the capacity model has said it. */
  #dueAt: number | undefined;
  #cancel: Cancel | undefined;
  #blockedAt: number | undefined;
  #drainedAt = 0;
  #settled = false;
  #over = false;

  constructor(options: PlayOptions) {
    this.#options = options;
    this.#plan = options.plan;
  }

  begin(): void {
    const { sink, seat, clock, startAt } = this.#options;
    let begun = false;
    sink.onGone(() => this.stop('client'));
    seat.whenReady(() => {
      this.#seated = true;
      if (!begun) return;
      this.#slipMs = clock.now() - startAt;
      this.#advance();
    });
    begun = true;
    this.#advance();
  }

  stop(endedBy: EndedBy): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel?.();
    this.#options.seat.leave();
    const endedAt = this.#options.clock.now();
    if (this.#blockedAt !== undefined) this.#played.blockedMs += endedAt - this.#blockedAt;
    this.#options.onEnd({ ...this.#played, endedAt, endedBy });
  }

  /** Does what is due, then leaves something behind that calls again: timer, seat, drain or nobody. */
  #advance(): void {
    while (!this.#over && this.#blockedAt === undefined) {
      if (!this.#hasStarted()) return;
      const step = this.#plan.steps[this.#index];
      if (step === undefined) {
        this.#finish();
        return;
      }
      const dueAt = this.#dueAtOf(step);
      if (dueAt === undefined || this.#waitsUntil(dueAt)) return;
      if (!this.#breaksAt(step)) this.#write(step, dueAt);
    }
  }

  #hasStarted(): boolean {
    if (this.#started) return true;
    if (this.#waitsUntil(this.#options.startAt + this.#plan.headAtMs)) return false;
    this.#started = true;
    this.#options.sink.start();
    return true;
  }

  /** Undefined: not known yet, since the budget must be asked when the chunk is wanted. */
  #dueAtOf(step: Step): number | undefined {
    if (this.#dueAt !== undefined) return this.#dueAt;
    if (step.kind !== 'opening' && !this.#seated) return undefined;
    const wantedAt = this.#options.startAt + step.atMs + this.#slipMs;
    if (!isContent(step)) return wantedAt;
    if (this.#waitsUntil(wantedAt)) return undefined;
    this.#dueAt = this.#options.seat.serve(wantedAt);
    this.#slipMs += this.#dueAt - wantedAt;
    return this.#dueAt;
  }

  /** From here on the plan is the one that the overload has left. */
  #breaksAt(step: Step): boolean {
    const broken = isContent(step) ? this.#options.seat.breakAt(this.#slipMs) : undefined;
    if (broken === undefined) return false;
    this.#played.broken = broken;
    const steps = this.#plan.steps.slice(0, this.#index);
    this.#plan = { ...this.#plan, steps, endAtMs: step.atMs, end: END_OF_BREAK[broken] };
    return true;
  }

  #write(step: Step, dueAt: number): void {
    const { sink, clock, startAt, onContent } = this.#options;
    const writtenAt = clock.now();
    const outcome = sink.write(step.bytes);
    if (outcome === 'gone') {
      this.stop('client');
      return;
    }
    this.#index += 1;
    this.#dueAt = undefined;
    this.#played.bytes += step.bytes.length;
    if (isContent(step)) {
      const latenessMs = dueAt < this.#drainedAt ? undefined : writtenAt - dueAt;
      this.#played.addChunk(dueAt - startAt, writtenAt, latenessMs);
      onContent(latenessMs);
    }
    if (step.kind === 'marker') this.#played.marker = true;
    if (step.kind === 'marker' || step.kind === 'error') this.#settled = true;
    if (outcome === 'full') this.#waitForDrain(writtenAt);
  }

  /** Nothing is queued for a client that does not read: memory stays at one write buffer a stream. */
  #waitForDrain(fullAt: number): void {
    const { sink, clock, idleLimitMs } = this.#options;
    this.#blockedAt = fullAt;
    const giveUp = clock.at(fullAt + idleLimitMs, () => {
      this.stop('idle-limit');
      sink.destroy();
    });
    this.#cancel = giveUp;
    sink.onDrain(() => {
      if (this.#over) return;
      giveUp();
      this.#drainedAt = clock.now();
      this.#played.blockedMs += this.#drainedAt - fullAt;
      this.#blockedAt = undefined;
      this.#advance();
    });
  }

  #finish(): void {
    const { startAt, sink, seat } = this.#options;
    if (this.#waitsUntil(startAt + this.#plan.endAtMs + this.#slipMs)) return;
    seat.leave();
    // A stall lasts until the client has had enough.
    if (this.#plan.end === 'hang' && !this.#settled) return;
    sink.end(this.#plan.end, this.#settled);
    this.stop('server');
  }

  #waitsUntil(moment: number): boolean {
    const { clock } = this.#options;
    if (clock.now() >= moment) return false;
    this.#cancel?.();
    this.#cancel = clock.at(moment, () => this.#advance());
    return true;
  }
}

const END_OF_BREAK = { 'no-terminal': 'clean', rst: 'reset', stall: 'hang' } as const;

class PlayedSoFar {
  readonly chunkDueMs: number[] = [];
  readonly chunkWrittenAt: number[] = [];
  marker = false;
  bytes = 0;
  latenessMsMax = 0;
  blockedMs = 0;
  broken: Break | undefined;

  addChunk(dueMs: number, writtenAt: number, latenessMs: number | undefined): void {
    this.chunkDueMs.push(dueMs);
    this.chunkWrittenAt.push(writtenAt);
    this.latenessMsMax = Math.max(this.latenessMsMax, latenessMs ?? 0);
  }
}
