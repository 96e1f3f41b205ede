import {
  gracefulStopSeconds,
  type IterationLimits,
  type LoadShape,
  longestIterationMs,
} from './plan.ts';

export interface IterationsOptions extends IterationLimits {
  readonly scenario: string;
  readonly vus: number;
  /** Of each VU. */
  readonly iterations: number;
  readonly streamsPerIteration: number;
}

/** So many iterations a VU, as fast as the answers come: the number of streams is exact. */
export function iterationsShape(options: IterationsOptions): LoadShape {
  const { scenario, vus, iterations, streamsPerIteration } = options;
  const iterationMs = longestIterationMs(options);
  const gracefulStop = gracefulStopSeconds(iterationMs);
  const maxSeconds = Math.ceil((iterations * iterationMs) / 1000);
  const streams = vus * iterations * streamsPerIteration;
  return {
    plan: {
      scenario,
      steps: [
        {
          k6Scenario: scenario,
          startSeconds: 0,
          vus,
          expectedStreams: streams,
          minimumStreams: streams,
        },
      ],
      vus,
      vusFormula: `${vus}: one a user`,
      streamsPerIteration,
      expectedStreams: streams,
      minimumStreams: streams,
      longestIterationMs: iterationMs,
      longestSeconds: maxSeconds + gracefulStop,
    },
    k6Scenarios: {
      [scenario]: {
        executor: 'per-vu-iterations',
        vus,
        iterations,
        maxDuration: `${maxSeconds}s`,
        gracefulStop: `${gracefulStop}s`,
      },
    },
  };
}

export interface UsersOptions extends IterationLimits {
  readonly scenario: string;
  readonly users: number;
  readonly seconds: number;
}

/** Users that ask again as soon as they have their answer, for a time. */
export function usersShape(options: UsersOptions): LoadShape {
  const { scenario, users, seconds } = options;
  const iterationMs = longestIterationMs(options);
  const gracefulStop = gracefulStopSeconds(iterationMs);
  return {
    plan: {
      scenario,
      steps: [
        {
          k6Scenario: scenario,
          startSeconds: 0,
          durationSeconds: seconds,
          vus: users,
          minimumStreams: users,
        },
      ],
      vus: users,
      vusFormula: `${users}: one a user`,
      streamsPerIteration: 1,
      minimumStreams: users,
      longestIterationMs: iterationMs,
      longestSeconds: seconds + gracefulStop,
    },
    k6Scenarios: {
      [scenario]: {
        executor: 'constant-vus',
        vus: users,
        duration: `${seconds}s`,
        gracefulStop: `${gracefulStop}s`,
      },
    },
  };
}
