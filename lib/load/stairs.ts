import {
  gracefulStopSeconds,
  type IterationLimits,
  type K6Scenario,
  type LoadShape,
  longestIterationMs,
  type PlanStep,
} from './plan.ts';

export interface StairsOptions extends IterationLimits {
  readonly scenario: string;
  /** Streams a second, a step each, in the order given. */
  readonly rates: readonly number[];
  readonly stepSeconds: number;
}

/** Room for arrivals that bunch up: k6 starts evenly, answers do not end evenly. */
const VU_MARGIN = 1.1;

/** A guard for numbers that mean something: nine in ten of the planned arrivals. */
const ENOUGH = 0.9;

/**
 * One `constant-arrival-rate` scenario a step, one after the other. A slow service alone cannot drop
 * an iteration: there is a VU for every stream that could be open.
 */
export function stairsShape(options: StairsOptions): LoadShape {
  const { scenario, rates, stepSeconds } = options;
  const iterationMs = longestIterationMs(options);
  const gracefulStop = gracefulStopSeconds(iterationMs);
  const steps = rates.map((rate, index) => planStep(rate, index, stepSeconds, iterationMs));
  const expectedStreams = sum(steps.map((step) => step.expectedStreams));
  const vus = largestOverlap(steps, stepSeconds + gracefulStop);
  return {
    plan: {
      scenario,
      steps,
      vus,
      vusFormula:
        `${vus}: the largest sum over time of ceil(rate × min(${stepSeconds} s, ` +
        `${iterationMs / 1000} s) × ${VU_MARGIN}) over steps that overlap`,
      streamsPerIteration: 1,
      expectedStreams,
      minimumStreams: sum(steps.map((step) => step.minimumStreams)),
      longestIterationMs: iterationMs,
      longestSeconds: rates.length * stepSeconds + gracefulStop,
    },
    k6Scenarios: Object.fromEntries(
      steps.map((step) => [step.k6Scenario, k6Scenario(step, stepSeconds, gracefulStop)]),
    ),
  };
}

function planStep(
  rate: number,
  index: number,
  stepSeconds: number,
  iterationMs: number,
): PlanStep & { readonly name: string; readonly ratePerSecond: number; expectedStreams: number } {
  const expectedStreams = Math.floor(rate * stepSeconds);
  const openSeconds = Math.min(stepSeconds, iterationMs / 1000);
  return {
    name: `${index + 1}-rate-${rate}`,
    k6Scenario: `step-${index + 1}`,
    ratePerSecond: rate,
    startSeconds: index * stepSeconds,
    durationSeconds: stepSeconds,
    vus: Math.ceil(rate * openSeconds * VU_MARGIN),
    expectedStreams,
    minimumStreams: Math.max(1, Math.floor(expectedStreams * ENOUGH)),
  };
}

/** k6 holds the VUs of a step until its gracefulStop is over. */
function largestOverlap(steps: readonly PlanStep[], heldSeconds: number): number {
  return Math.max(
    ...steps.map(({ startSeconds: now }) =>
      sum(
        steps.map(({ startSeconds, vus }) =>
          startSeconds <= now && now < startSeconds + heldSeconds ? vus : 0,
        ),
      ),
    ),
  );
}

function k6Scenario(
  step: PlanStep & { readonly name: string; readonly ratePerSecond: number },
  stepSeconds: number,
  gracefulStop: number,
): K6Scenario {
  return {
    executor: 'constant-arrival-rate',
    ...wholeRate(step.ratePerSecond),
    duration: `${stepSeconds}s`,
    startTime: `${step.startSeconds}s`,
    preAllocatedVUs: step.vus,
    maxVUs: step.vus,
    gracefulStop: `${gracefulStop}s`,
    tags: { step: step.name },
  };
}

/** k6 takes whole rates only: 2.5 a second is 25 in 10 s. */
export function wholeRate(ratePerSecond: number): { rate: number; timeUnit: string } {
  let seconds = 1;
  while (!Number.isInteger(round(ratePerSecond * seconds)) && seconds < 1000) seconds *= 10;
  return { rate: Math.max(1, Math.round(ratePerSecond * seconds)), timeUnit: `${seconds}s` };
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
