import type { Account, Lease } from '../accounts/account.ts';
import type { Clock } from '../clock.ts';
import type { Journal, JournalEntry, Refusal } from '../journal/journal.ts';
import type { Tally } from '../journal/stats.ts';
import type { ResolvedMockOptions } from '../mock-options.ts';
import type { Random } from '../random.ts';
import type { AnswerForm } from './answer-form.ts';
import type { Capacity, Seat } from './capacity.ts';
import type { ChosenFault, FaultRate } from './fault-choice.ts';
import { isContent, planStream, type StreamPlan } from './plan.ts';
import { type LiveStream, type Played, playStream, type Sink } from './player.ts';

/** What all streams share. */
export interface StreamDesk {
  readonly options: ResolvedMockOptions;
  readonly clock: Clock;
  readonly faultRates: readonly FaultRate[];
  readonly capacity: Capacity;
  readonly journal: Journal;
  readonly live: Set<LiveStream>;
  /** Of the present period; a reset begins another. */
  tally: Tally;
  /** Number of the last turn of this period. */
  lastNumber: number;
}

/** One question on its way to an answer or a refusal. */
export interface Turn {
  readonly n: number;
  readonly protocol: string;
  readonly path: string;
  readonly streamId?: string;
  readonly openedAt: number;
  readonly requestAt: number;
  readonly fault?: ChosenFault;
  readonly tally: Tally;
  /** Depends on seed, number and purpose only. */
  random(purpose: string): Random;
}

export type Admission = Admitted | { readonly admitted: false; readonly refused: Refusal };

export interface Admitted {
  readonly admitted: true;
  readonly lease: Lease;
  readonly seat: Seat;
}

/**
 * The account's quota first, then room in the service; all in one turn of the event loop, so that
 * nobody comes in between.
 */
export function admit(desk: StreamDesk, turn: Turn, account: Account): Admission {
  // Judged at the time that the journal shows, not some microseconds later.
  const refused = account.refusalAt(turn.requestAt);
  if (refused !== undefined) return { admitted: false, refused };
  const seat = desk.capacity.enter(turn.random('break'));
  if (seat !== undefined) return { admitted: true, lease: account.take(), seat };
  account.countOverloaded();
  return { admitted: false, refused: 'overloaded' };
}

/** The plan of this turn, as its fault has left it. */
export function planTurn(desk: StreamDesk, turn: Turn, form: AnswerForm): StreamPlan {
  const plan = planStream(desk.options.plan, turn.random('plan'), form);
  return editPlan(plan, turn.fault, (failure) => form.error(failure));
}

/** How late the answer to a WebSocket upgrade comes: it goes out before there is a question to plan. */
export function headDelayMs(fault: ChosenFault | undefined): number {
  return editPlan(EMPTY_PLAN, fault, () => '').headAtMs;
}

const EMPTY_PLAN: StreamPlan = {
  headAtMs: 0,
  steps: [],
  endAtMs: 0,
  end: 'clean',
  answersClose: true,
};

function editPlan(
  plan: StreamPlan,
  chosen: ChosenFault | undefined,
  error: AnswerForm['error'],
): StreamPlan {
  if (chosen === undefined || !('edit' in chosen.fault)) return plan;
  const { fault, value } = chosen;
  return fault.edit(plan, {
    ...(value !== undefined && { value }),
    error: (failure) => Buffer.from(error(failure)),
  });
}

export interface StreamStart {
  readonly account: Account;
  readonly lease: Lease;
  readonly seat: Seat;
  readonly plan: StreamPlan;
  readonly sink: Sink;
  onEnd?(): void;
}

/** Plays the plan; when it is over the slot goes back, and the journal and the counters know. */
export function startStream(desk: StreamDesk, turn: Turn, start: StreamStart): void {
  const { tally, requestAt } = turn;
  const { account, lease, seat, plan, sink } = start;
  tally.streams += 1;
  tally.open += 1;
  // Not until it is known: a stream may be over before `playStream` returns.
  let live: LiveStream | undefined;
  let over = false;
  const onEnd = (played: Played): void => {
    over = true;
    if (live !== undefined) desk.live.delete(live);
    const slotFreeAt = lease.release(played.endedAt, played.marker);
    tally.open -= 1;
    if (played.marker) tally.completed += 1;
    if (played.broken !== undefined) tally.broken += 1;
    record(desk, turn, playedEntry(turn, account, plan, played, slotFreeAt));
    start.onEnd?.();
  };
  const onContent = (latenessMs: number | undefined): void => tally.addChunk(latenessMs);
  const { clock, options } = desk;
  const { idleLimitMs } = options;
  live = playStream({ plan, startAt: requestAt, sink, seat, clock, idleLimitMs, onContent, onEnd });
  if (!over) desk.live.add(live);
}

/** A stream that was not let in. `bytes` is the size of what it was told. */
export function refuseTurn(
  desk: StreamDesk,
  turn: Turn,
  refused: Refusal,
  told: { readonly account?: Account; readonly bytes: number },
): void {
  turn.tally.streams += 1;
  turn.tally.refused += 1;
  if (refused === 'auth') turn.tally.authFailures += 1;
  if (refused === 'overloaded') turn.tally.refusedOverloaded += 1;
  record(desk, turn, {
    ...identity(turn, told.account),
    admitted: false,
    refused,
    chunks: 0,
    chunkDueMs: [],
    chunkWrittenAt: [],
    endedAt: desk.clock.now(),
    endedBy: 'server',
    marker: false,
    bytes: told.bytes,
    latenessMsMax: 0,
  });
}

function record(desk: StreamDesk, turn: Turn, entry: JournalEntry): void {
  if (entry.fault !== undefined) turn.tally.faults += 1;
  desk.journal.add(entry, { fileOnly: turn.tally !== desk.tally });
}

function playedEntry(
  turn: Turn,
  account: Account,
  plan: StreamPlan,
  played: Played,
  slotFreeAt: number,
): JournalEntry {
  const { blockedMs, broken, ...rest } = played;
  const content = plan.steps.filter(isContent);
  return {
    ...identity(turn, account),
    admitted: true,
    plan: { chunks: content.length, ttftMs: content[0]?.atMs ?? 0 },
    ...rest,
    chunks: played.chunkWrittenAt.length,
    ...(blockedMs > 0 && { blockedMs }),
    ...(broken !== undefined && { broken }),
    slotFreeAt,
  };
}

function identity(turn: Turn, account: Account | undefined) {
  const { n, protocol, path, streamId, openedAt, requestAt, fault } = turn;
  return {
    n,
    protocol,
    ...(account !== undefined && { account: account.id }),
    ...(streamId !== undefined && { streamId }),
    path,
    openedAt,
    requestAt,
    ...(fault !== undefined && { fault: fault.fault.name }),
  };
}
