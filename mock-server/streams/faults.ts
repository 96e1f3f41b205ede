import type { HttpAnswer, Refuse, StreamFailure } from './answer-form.ts';
import { delayPlan, isContent, type StreamPlan } from './plan.ts';

/**
 * One way to go wrong. It edits the plan of an answer, or puts another answer in its place: then no
 * slot is taken, and a WebSocket upgrade is refused with it. README.md has the same table; a test
 * compares them.
 */
export type Fault = FaultRow & (PlanFault | AnswerFault);

interface FaultRow {
  readonly name: string;
  readonly does: string;
  /** What the number in `name=number` is. A fault without this takes none. */
  readonly value?: string;
}

interface PlanFault {
  edit(plan: StreamPlan, tools: FaultTools): StreamPlan;
}

interface AnswerFault {
  answer(refuse: Refuse): HttpAnswer;
}

export interface FaultTools {
  readonly value?: number;
  /** The protocol's own error frame. */
  error(failure: StreamFailure): Buffer;
}

const AFTER_CHUNKS = 'content chunks before it; default half of them';

export const FAULTS: readonly Fault[] = [
  {
    name: 'no-terminal',
    does: 'everything but the end marker, then a clean end',
    edit: (plan) => ({ ...plan, steps: plan.steps.filter((step) => step.kind !== 'marker') }),
  },
  {
    name: 'rst',
    does: 'stops in the middle and resets the connection (TCP RST)',
    value: AFTER_CHUNKS,
    edit: (plan, { value }) => ({ ...breakOff(plan, value), end: 'reset' }),
  },
  {
    name: 'fin',
    does: 'stops in the middle with a FIN: no last HTTP chunk, no WebSocket Close',
    value: AFTER_CHUNKS,
    edit: (plan, { value }) => ({ ...breakOff(plan, value), end: 'cut' }),
  },
  {
    name: 'stall',
    does: 'stops in the middle and keeps the connection open',
    value: AFTER_CHUNKS,
    edit: (plan, { value }) => ({ ...breakOff(plan, value), end: 'hang' }),
  },
  {
    name: 'in-band-error',
    does: "stops in the middle with the protocol's own error frame",
    value: AFTER_CHUNKS,
    edit: (plan, { value, error }) => {
      const kept = breakOff(plan, value);
      const frame = { atMs: kept.endAtMs, kind: 'error', bytes: error('internal') } as const;
      return { ...kept, steps: [...kept.steps, frame] };
    },
  },
  {
    name: 'empty',
    does: 'no content, but the end marker at its time',
    edit: (plan) => ({ ...plan, steps: plan.steps.filter((step) => !isContent(step)) }),
  },
  {
    name: 'slow-headers',
    does: 'the response headers, or the answer to the upgrade, come late, and all else with them',
    value: 'milliseconds; default 2000',
    edit: (plan, { value }) => delayPlan(plan, value ?? 2000),
  },
  {
    name: 'never-close',
    does: 'after the end marker the WebSocket answers no Close; an HTTP body does not end',
    edit: (plan) => ({ ...plan, end: 'hang', answersClose: false }),
  },
  {
    name: 'http-500',
    does: "status 500 with the protocol's error body",
    answer: (refuse) => refuse('internal'),
  },
  {
    name: 'auth',
    does: 'status 401, although the credentials are good',
    answer: (refuse) => refuse('auth'),
  },
  {
    name: 'html',
    does: 'status 200 with an HTML page, as a captive proxy sends it',
    answer: () => ({
      status: 200,
      contentType: 'text/html; charset=utf-8',
      body: '<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>\n',
    }),
  },
];

/** Keeps the first so many content chunks. The break comes when the next step would have come. */
function breakOff(plan: StreamPlan, value: number | undefined): StreamPlan {
  const total = plan.steps.filter(isContent).length;
  const keep = Math.min(value ?? Math.floor(total / 2), total);
  let seen = 0;
  const cutIndex = plan.steps.findIndex((step) => {
    if (step.kind === 'closing' || step.kind === 'marker') return true;
    if (!isContent(step)) return false;
    seen += 1;
    return seen > keep;
  });
  const cut = plan.steps[cutIndex];
  if (cut === undefined) return plan;
  return { ...plan, steps: plan.steps.slice(0, cutIndex), endAtMs: cut.atMs };
}
