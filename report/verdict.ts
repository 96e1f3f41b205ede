import type { Plan } from '../lib/load/plan.ts';
import type { Threshold } from '../lib/metrics/profile.ts';
import type { Distribution, Numbers } from './numbers.ts';
import {
  type GapDistribution,
  type JudgedThreshold,
  judgeThreshold,
  type Summary,
} from './summary.ts';

/** verdict.json: what a run showed, and the one word for it. */
export interface Verdict {
  readonly verdict: 'pass' | 'fail' | 'invalid';
  readonly exitCode: number;
  readonly reasons: readonly string[];
  readonly streams: number;
  readonly outcomes: Numbers['outcomes'];
  readonly thresholds: readonly JudgedThreshold[];
  readonly metrics: Readonly<Record<string, Distribution>>;
  /** Of all streams together; absent on stock k6. */
  readonly gaps?: GapDistribution;
  /** In the order of the plan; a single unnamed step is left out. */
  readonly steps: readonly StepVerdict[];
  readonly accounts: Readonly<Record<string, Pick<Numbers, 'streams' | 'outcomes'>>>;
}

export interface StepVerdict extends Pick<Numbers, 'streams' | 'outcomes' | 'metrics'> {
  readonly step: string;
  /** Why this step's numbers mean nothing. */
  readonly invalid?: string;
}

/** Everything a verdict is made from, after k6 has ended. */
export interface RunEvidence {
  readonly plan: Plan;
  readonly thresholds: readonly Threshold[];
  readonly exit: K6Exit;
  /** Absent when k6 was killed before it could write one. */
  readonly summary?: Summary;
  readonly all: Numbers;
  readonly bySteps: ReadonlyMap<string, Numbers>;
  readonly byAccounts: ReadonlyMap<string, Numbers>;
  /** From k6.log. */
  readonly log: RunLog;
}

export interface K6Exit {
  /** 128 + signal number where a signal ended k6. */
  readonly code: number;
  /** weir's watchdog or a signal from outside ended it. */
  readonly cut: boolean;
}

export interface RunLog {
  /** An exception in an iteration marked the run as failed. */
  readonly scriptError?: string;
  /** Why the script stopped the run. */
  readonly abortReason?: string;
}

/** k6's exit codes (errext/exitcodes), and what follows. */
const K6 = { thresholds: 99, abortedByScript: 108, failedByScript: 110, signal: 105 } as const;

interface Finding {
  readonly verdict: Verdict['verdict'];
  readonly exitCode: number;
  readonly reasons: readonly string[];
}

/** Precedence: cut, then invalid, then fail, then pass. */
export function judge(evidence: RunEvidence): Verdict {
  const { summary, all, plan, byAccounts } = evidence;
  const thresholds = summary
    ? evidence.thresholds.map((threshold) => judgeThreshold(summary, threshold))
    : [];
  const steps = stepVerdicts(evidence);
  const finding = cut(evidence) ??
    invalid(evidence, thresholds, steps) ??
    failed(evidence, thresholds, plan) ?? { verdict: 'pass', exitCode: 0, reasons: [] };
  return {
    ...finding,
    streams: all.streams,
    outcomes: all.outcomes,
    thresholds,
    metrics: all.metrics,
    ...(summary?.gaps && { gaps: summary.gaps }),
    steps,
    accounts: Object.fromEntries(
      [...byAccounts].map(([id, { streams, outcomes }]) => [id, { streams, outcomes }]),
    ),
  };
}

function cut({ exit }: RunEvidence): Finding | undefined {
  if (!exit.cut && exit.code !== K6.signal && exit.code <= 128) return undefined;
  return { verdict: 'invalid', exitCode: exit.code, reasons: ['cut'] };
}

function invalid(
  evidence: RunEvidence,
  thresholds: readonly JudgedThreshold[],
  steps: readonly StepVerdict[],
): Finding | undefined {
  const { exit, log } = evidence;
  if (exit.code === K6.failedByScript || log.scriptError !== undefined) {
    return finding(K6.failedByScript, 'script-error', log.scriptError);
  }
  if (exit.code !== 0 && exit.code !== K6.thresholds) {
    return finding(exit.code, `k6 ended with exit code ${exit.code}`, log.abortReason);
  }
  const reasons = [
    ...lostRecords(evidence),
    ...droppedFirst(steps),
    ...unjudged(evidence, thresholds),
  ];
  return reasons.length === 0
    ? undefined
    : { verdict: 'invalid', exitCode: K6.failedByScript, reasons };
}

function finding(exitCode: number, reason: string, detail: string | undefined): Finding {
  return {
    verdict: 'invalid',
    exitCode,
    reasons: [detail === undefined ? reason : `${reason}: ${detail}`],
  };
}

function lostRecords({ summary, all }: RunEvidence): readonly string[] {
  if (summary === undefined) return ['no summary: k6 ended without writing summary.json'];
  const counted = summary.metrics['streams']?.values['count'] ?? 0;
  if (counted === all.streams) return [];
  return [`records lost: k6 counted ${counted} streams, streams.ndjson has ${all.streams}`];
}

/** Later steps may be beyond what anybody can offer; the first one must be carried out in full. */
function droppedFirst(steps: readonly StepVerdict[]): readonly string[] {
  const first = steps[0]?.invalid;
  return first === undefined ? [] : [`first step: ${first}`];
}

/** No sample although nothing ended that could have given one: nobody knows. */
function unjudged(
  evidence: RunEvidence,
  thresholds: readonly JudgedThreshold[],
): readonly string[] {
  return thresholds
    .filter((threshold) => threshold.ok === null && !couldHaveGivenSamples(evidence, threshold))
    .map((threshold) => `no sample for ${named(threshold)}`);
}

/** Streams that belong to the row ended, none of them well enough: that is the service's doing. */
function couldHaveGivenSamples(
  { all, bySteps, byAccounts }: RunEvidence,
  { tags }: Threshold,
): boolean {
  const { step, account } = tags;
  if (step !== undefined) return (bySteps.get(step)?.streams ?? 0) > 0;
  if (account !== undefined) return (byAccounts.get(account)?.streams ?? 0) > 0;
  return all.streams > 0;
}

function failed(
  { exit }: RunEvidence,
  thresholds: readonly JudgedThreshold[],
  plan: Plan,
): Finding | undefined {
  const broken = thresholds.filter(({ ok }) => ok !== true);
  if (broken.length === 0 && exit.code === 0) return undefined;
  const from = plan.steps.find(({ name }) => broken.some(({ tags }) => tags['step'] === name));
  return {
    verdict: 'fail',
    exitCode: K6.thresholds,
    reasons: [
      ...(from?.name === undefined ? [] : [`broken from step ${from.name} on`]),
      ...broken.map(describe),
    ],
  };
}

function describe(threshold: JudgedThreshold): string {
  const { value } = threshold;
  if (value === null) return `${named(threshold)}: not one stream could give a sample`;
  return `${named(threshold)}: was ${Number(value.toFixed(4))}`;
}

function named({ metric, tags, expression }: Threshold): string {
  const where = Object.entries(tags).map(([key, value]) => ` ${key} ${value}`);
  return `${metric} ${expression}${where.length > 0 ? ` at${where.join(',')}` : ''}`;
}

function stepVerdicts({ plan, bySteps, summary }: RunEvidence): readonly StepVerdict[] {
  return plan.steps.flatMap(({ name, k6Scenario }) => {
    if (name === undefined) return [];
    const dropped =
      summary?.metrics[`dropped_iterations{scenario:${k6Scenario}}`]?.values['count'] ?? 0;
    const { streams = 0, outcomes = {}, metrics = {} } = bySteps.get(name) ?? {};
    return [
      {
        step: name,
        streams,
        outcomes,
        metrics,
        ...(dropped > 0 && { invalid: `${dropped} arrivals were dropped: no VU was free` }),
      },
    ];
  });
}
