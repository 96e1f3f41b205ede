import type { PlanEnd } from '../streams/plan.ts';
import type { Sink } from '../streams/player.ts';

export interface FakeSink extends Sink {
  readonly written: { readonly at: number; readonly text: string }[];
  readonly ends: { readonly how: PlanEnd; readonly settled: boolean }[];
  destroyed: boolean;
  startedAt: number | undefined;
  /** What the next writes answer. */
  answer: 'taken' | 'full' | 'gone';
  drain(): void;
  leave(): void;
}

/** A client that reads when it is told to. */
export function createFakeSink(now: () => number): FakeSink {
  let onDrain = (): void => undefined;
  let onGone = (): void => undefined;
  const sink: FakeSink = {
    written: [],
    ends: [],
    destroyed: false,
    startedAt: undefined,
    answer: 'taken',
    start: () => {
      sink.startedAt = now();
    },
    write: (bytes) => {
      if (sink.answer !== 'gone') sink.written.push({ at: now(), text: bytes.toString() });
      return sink.answer;
    },
    end: (how, settled) => sink.ends.push({ how, settled }),
    destroy: () => {
      sink.destroyed = true;
    },
    onDrain: (run) => {
      onDrain = run;
    },
    onGone: (run) => {
      onGone = run;
    },
    drain: () => onDrain(),
    leave: () => onGone(),
  };
  return sink;
}
