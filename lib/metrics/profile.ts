import { ConfigError } from '../config/config-error.ts';
import type { Plan } from '../load/plan.ts';
import { CATALOGUE, type Metric, type MetricName } from './catalogue.ts';

/** One demand on a run. Rows are data: a profile is a list of them. */
export interface ProfileRow {
  readonly metric: MetricName;
  /** One threshold for each step or account of the plan. */
  readonly by?: 'step' | 'account';
  /** k6's form, such as `p(95)<2000`; `{minimumStreams}` becomes the plan's number. */
  readonly expression: string;
  /** Why this number. */
  readonly because: string;
}

export type Profile = readonly ProfileRow[];

/** A row with its `by` unfolded. */
export interface Threshold {
  readonly metric: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly expression: string;
  readonly because: string;
}

const AGGREGATES: Readonly<Record<Metric['type'], RegExp>> = {
  trend: /^(avg|min|max|med|p\(\d+(\.\d+)?\))$/,
  counter: /^(count|rate)$/,
  rate: /^rate$/,
  gauge: /^value$/,
};

/**
 * Unfolds a profile over the steps and accounts of a plan.
 * @throws ConfigError for an expression that does not fit its metric: k6 would let some pass silently
 */
export function expandProfile(
  profile: Profile,
  plan: Plan,
  accounts: readonly { readonly id: string }[],
): readonly Threshold[] {
  return profile.flatMap(({ metric, by, expression, because }) => {
    checkExpression(metric, expression);
    const row = (tags: Readonly<Record<string, string>>, minimumStreams: number): Threshold => ({
      metric,
      tags,
      expression: expression.replaceAll('{minimumStreams}', String(minimumStreams)),
      because,
    });
    if (by === 'account') return accounts.map(({ id }) => row({ account: id }, 1));
    if (by === 'step') {
      return plan.steps.map((step) =>
        row(step.name === undefined ? {} : { step: step.name }, step.minimumStreams),
      );
    }
    return [row({}, plan.minimumStreams)];
  });
}

function checkExpression(metric: MetricName, expression: string): void {
  const { type } = CATALOGUE[metric];
  const parts = /^\s*([a-z]+(?:\([\d.]+\))?)\s*(?:<=|>=|<|>|===?|!=)\s*(\S+)\s*$/.exec(expression);
  const value = parts?.[2] ?? '';
  if (
    !AGGREGATES[type].test(parts?.[1] ?? '') ||
    !/^(\d+(\.\d+)?|\{minimumStreams\})$/.test(value)
  ) {
    throw new ConfigError(
      `threshold ${metric}`,
      `must compare ${AGGREGATES[type].source} of a ${type} with a number`,
      JSON.stringify(expression),
    );
  }
}

/** The name under which k6 keeps a threshold: `stream_ttft{step:2-rate-10}`. */
export function selector({ metric, tags }: Pick<Threshold, 'metric' | 'tags'>): string {
  const pairs = Object.entries(tags).map(([key, value]) => `${key}:${value}`);
  return pairs.length === 0 ? metric : `${metric}{${pairs.join(',')}}`;
}
