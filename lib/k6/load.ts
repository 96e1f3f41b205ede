import exec from 'k6/execution';
import { setTimeout } from 'k6/timers';
import { gapHistogram } from 'k6/x/weir';
import { accountChooser, type Strategy } from '../accounts/strategies.ts';
import { ConfigError } from '../config/config-error.ts';
import type { LoadShape } from '../load/plan.ts';
import type { Settings } from '../load/settings.ts';
import { expandProfile, type Profile, selector, type Threshold } from '../metrics/profile.ts';
import type { Target } from '../target/target.ts';
import { type AskContext, createUser, type User } from './ask.ts';
import { chooseDriver, refuseUnmeasurable } from './drivers/choose.ts';
import { type Environment, readEnvironment } from './env.ts';
import { registerMetrics } from './metrics.ts';

/** What a scenario script says of itself; everything else follows. */
export interface LoadDefinition {
  readonly scenario: string;
  /** Every profile by name, and the one that judges unless the user picks another. */
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly profile: string | ((settings: Settings) => string);
  /** Settings that this scenario reads, besides seed, strategy and profile. */
  readonly settings: readonly (keyof Settings)[];
  shape(settings: Settings, target: Target): LoadShape;
}

export interface Load {
  readonly options: Record<string, unknown>;
  readonly settings: Settings;
  readonly target: Target;
  /** Wraps an iteration: an unexpected exception ends in k6 exit 110, a bad setting in 108. */
  iteration(body: (user: User) => Promise<void>): () => Promise<void>;
  handleSummary(data: unknown): Record<string, string> | undefined;
}

const SUMMARY_STATISTICS = ['count', 'avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)'];

/** @throws ConfigError while the script initialises (k6 exit 107) */
export function defineLoad(definition: LoadDefinition): Load {
  const environment = readEnvironment();
  const { settings, target } = environment;
  refuseForeignSettings(definition, settings);
  const shape = definition.shape(settings, target);
  const thresholds = expandProfile(
    chosenProfile(definition, settings),
    shape.plan,
    target.accounts,
  );
  const context = createContext(definition, environment, shape);
  refuseUnmeasurable(context.driver, thresholds);
  registerMetrics();
  let user: User | undefined;
  return {
    options: k6Options(environment, shape, thresholds),
    settings,
    target,
    iteration: (body) => async () => {
      try {
        user ??= createUser(context);
        await body(user);
      } catch (error) {
        stop(error);
      }
    },
    handleSummary: (data) => summaryFile(environment, data),
  };
}

/** Resolves after so many milliseconds; the event loop goes on. */
export function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(), ms);
  });
}

function chosenProfile({ profile, profiles }: LoadDefinition, settings: Settings): Profile {
  const name = settings.profile ?? (typeof profile === 'function' ? profile(settings) : profile);
  const chosen = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (chosen !== undefined) return chosen;
  throw new ConfigError(
    '--profile (WEIR_PROFILE)',
    `must be one of ${Object.keys(profiles).join(', ')}`,
    JSON.stringify(name.slice(0, 60)),
  );
}

const COMMON_SETTINGS: readonly (keyof Settings)[] = ['seed', 'strategy', 'profile', 'driver'];

/** A flag that a scenario does not read would be ignored in silence. */
function refuseForeignSettings(definition: LoadDefinition, settings: Settings): void {
  const known = [...COMMON_SETTINGS, ...definition.settings];
  for (const name of Object.keys(settings)) {
    if (!known.some((setting) => setting === name)) {
      throw new ConfigError(
        name,
        `is not a setting of ${definition.scenario}; it has ${known.join(', ')}`,
      );
    }
  }
}

function createContext(
  { scenario }: LoadDefinition,
  environment: Environment,
  { plan }: LoadShape,
): AskContext {
  const { target, settings, seed } = environment;
  const { dialect } = target;
  const strategy: Strategy = settings.strategy === 'random-unsafe' ? 'random-unsafe' : 'pinned';
  return {
    environment,
    scenario,
    driver: chooseDriver(dialect, settings.driver),
    rules: dialect.rules(target),
    chooseAccount: accountChooser(target.accounts, strategy, seed, plan),
    steps: Object.fromEntries(
      plan.steps.flatMap(({ name, k6Scenario }) =>
        name === undefined ? [] : [[k6Scenario, name]],
      ),
    ),
  };
}

function k6Options(
  { target, seed, settings }: Environment,
  { plan, k6Scenarios }: LoadShape,
  thresholds: readonly Threshold[],
): Record<string, unknown> {
  const byName: Record<string, string[]> = {};
  for (const threshold of thresholds) {
    const name = selector(threshold);
    byName[name] = [...(byName[name] ?? []), threshold.expression];
  }
  // Always true: k6 shows a sub-metric in its summary only where a threshold names it.
  for (const { k6Scenario } of plan.steps) {
    byName[`dropped_iterations{scenario:${k6Scenario}}`] = ['count>=0'];
  }
  return {
    scenarios: k6Scenarios,
    thresholds: byName,
    summaryTrendStats: SUMMARY_STATISTICS,
    insecureSkipTLSVerify: target.tls?.insecure ?? false,
    userAgent: 'k6-weir',
    ext: {
      weir: {
        plan,
        thresholds,
        seed,
        settings,
        dialect: target.dialect.name,
        accounts: target.accounts.map(({ id }) => id),
      },
    },
  };
}

/** Only the command line gives a run folder; a plain `k6 run` shows k6's own summary. */
function summaryFile(
  { runDir, run, seed }: Environment,
  data: unknown,
): Record<string, string> | undefined {
  if (runDir === undefined) return undefined;
  const kept = Object.entries(Object(data)).filter(([name]) => name !== 'setup_data');
  const gaps = gapHistogram();
  const summary = { ...Object.fromEntries(kept), weir: { run, seed, ...(gaps && { gaps }) } };
  return { [`${runDir}/summary.json`]: `${JSON.stringify(summary, null, 1)}\n` };
}

function stop(error: unknown): void {
  if (error instanceof ConfigError) exec.test.abort(`weir: ${error.message}`);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  exec.test.fail(`weir: unexpected exception in an iteration: ${stack}`);
}
