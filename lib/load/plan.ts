import type { TargetTimeouts } from '../target/target.ts';

/** What a run is going to do: printed before the first request, and what it is judged against. */
export interface Plan {
  readonly scenario: string;
  readonly steps: readonly PlanStep[];
  /** VUs that k6 holds at the same time, and how that number came about. */
  readonly vus: number;
  readonly vusFormula: string;
  readonly streamsPerIteration: number;
  /** Undefined where nobody can know: users that ask freely. */
  readonly expectedStreams?: number;
  /** Fewer streams than this say nothing; guards compare with it. */
  readonly minimumStreams: number;
  /** Of one iteration: every request at its time limit. */
  readonly longestIterationMs: number;
  /** Until the last possible end, gracefulStop included. */
  readonly longestSeconds: number;
}

export interface PlanStep {
  /** Tag `step`; undefined for a run of a single step. */
  readonly name?: string;
  /** k6's name for it: no dot. */
  readonly k6Scenario: string;
  readonly ratePerSecond?: number;
  readonly startSeconds: number;
  readonly durationSeconds?: number;
  readonly vus: number;
  readonly expectedStreams?: number;
  readonly minimumStreams: number;
}

/** A plan and the k6 scenarios that carry it out. */
export interface LoadShape {
  readonly plan: Plan;
  readonly k6Scenarios: Readonly<Record<string, K6Scenario>>;
}

/** The part of k6's scenario options that weir uses. */
export interface K6Scenario {
  readonly executor: 'per-vu-iterations' | 'constant-vus' | 'constant-arrival-rate';
  readonly vus?: number;
  readonly iterations?: number;
  readonly duration?: string;
  readonly maxDuration?: string;
  readonly rate?: number;
  readonly timeUnit?: string;
  readonly preAllocatedVUs?: number;
  readonly maxVUs?: number;
  readonly startTime?: string;
  readonly gracefulStop: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What of a target decides how long an iteration can take. */
export interface IterationLimits {
  readonly timeouts: TargetTimeouts;
  readonly login: readonly unknown[];
  readonly chain: readonly unknown[];
}

/** Every request of one iteration at its limit; a renewed login doubles the requests. */
export function longestIterationMs({ timeouts, login, chain }: IterationLimits): number {
  const requests = (login.length + chain.length) * timeouts.requestMs;
  const attempts = login.length > 0 ? 2 : 1;
  return attempts * (requests + timeouts.totalMs) + timeouts.coolDownMs;
}

/** k6 ends what is still running then; the longest iteration fits, with 5 s to spare. */
export function gracefulStopSeconds(iterationMs: number): number {
  return Math.ceil(iterationMs / 1000) + 5;
}
