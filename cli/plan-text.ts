import type { Plan, PlanStep } from '../lib/load/plan.ts';

/** The plan in a few lines, printed before the first request. */
export function describePlan(plan: Plan, environment: Readonly<Record<string, string>>): string {
  const streams = plan.expectedStreams ?? `at least ${plan.minimumStreams}`;
  return [
    `plan: ${plan.scenario}, ${streams} streams, seed ${environment['WEIR_SEED']}`,
    ...(plan.steps.length > 1 ? plan.steps.map(describeStep) : []),
    `  VUs ${plan.vusFormula}`,
    `  at the longest ${plan.longestSeconds} s, when every request takes as long as it may`,
    '',
  ].join('\n');
}

function describeStep(step: PlanStep): string {
  return (
    `  step ${step.name}: ${step.ratePerSecond} streams/s from second ${step.startSeconds} ` +
    `for ${step.durationSeconds} s, ${step.expectedStreams} streams`
  );
}
