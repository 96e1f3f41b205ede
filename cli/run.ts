import { randomInt } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../lib/config/config-error.ts';
import { isObject } from '../lib/config/fields.ts';
import type { Plan } from '../lib/load/plan.ts';
import { readSettings, SETTINGS, variableName } from '../lib/load/settings.ts';
import type { Threshold } from '../lib/metrics/profile.ts';
import { loadTarget, secretNames, type Target } from '../lib/target/target.ts';
import { judgeRun } from '../report/judge-run.ts';
import { logMessage } from '../report/run-log.ts';
import { renderVerdict } from '../report/terminal.ts';
import type { Verdict } from '../report/verdict.ts';
import { inspectBundle, isStockK6, runK6 } from './k6-process.ts';
import { describePlan } from './plan-text.ts';
import { k6Binary, scenarioBundle } from './project.ts';
import { createRunFolder, defaultRunName } from './run-folder.ts';
import { UsageError } from './usage-error.ts';

export interface RunOptions {
  readonly scenario: string;
  readonly target: string;
  readonly name?: string;
  readonly force?: boolean;
  /** Settings as text, by the name in SETTINGS: what the flags said. */
  readonly settings: Readonly<Record<string, string | undefined>>;
  /** Takes progress and the verdict's text; nothing else is printed. */
  readonly say: (text: string) => void;
}

export interface RunResult {
  readonly verdict: Verdict;
  readonly folder: string;
}

/** k6's own limits besides the plan: initialising VUs, setup, teardown, handleSummary. */
const K6_OWN_SECONDS = 240;
const WATCHDOG_MARGIN_SECONDS = 30;

/**
 * One run from target file to verdict.json.
 * @throws ConfigError before anything is sent
 */
export async function runScenario(options: RunOptions): Promise<RunResult> {
  const { scenario, say } = options;
  const binary = k6Binary();
  const stock = await isStockK6(binary);
  const bundle = scenarioBundle(scenario, stock);
  const target = readTarget(resolve(options.target));
  requireSecrets(target);
  const environment = runEnvironment(options, target);
  const { plan, thresholds } = await inspectPlan(binary, bundle, environment);
  const name = options.name ?? defaultRunName(scenario, new Date());
  const folder = createRunFolder(name, options.force ?? false);
  say(describePlan(plan, environment));
  const exit = await runK6({
    binary,
    bundle,
    environment: { ...environment, WEIR_RUN_DIR: folder, WEIR_RUN: name },
    stock,
    folder,
    watchdogMs: (plan.longestSeconds + K6_OWN_SECONDS + WATCHDOG_MARGIN_SECONDS) * 1000,
  });
  const verdict = await judgeRun(folder, plan, thresholds, exit);
  writeFileSync(join(folder, 'verdict.json'), `${JSON.stringify(verdict, null, 1)}\n`, {
    mode: 0o600,
  });
  say(`${renderVerdict(verdict)}\nartefacts: ${folder}\n`);
  return { verdict, folder };
}

function readTarget(file: string): Target {
  return loadTarget(file, (path) => {
    try {
      if (statSync(path).isFile()) return readFileSync(path, 'utf8');
    } catch {
      throw new ConfigError(path, 'must be a readable file; it is not there or not readable');
    }
    throw new ConfigError(path, 'must be a file; it is a folder');
  });
}

/** k6 would stop at the first iteration; here nothing has been sent yet. */
function requireSecrets(target: Target): void {
  const unset = secretNames(target).filter((name) => !process.env[name]);
  if (unset.length === 0) return;
  throw new ConfigError(
    `environment variable ${unset.join(', ')}`,
    `must be set: ${target.file} or its accounts refer to it; export it first`,
    'nothing',
  );
}

/** Flags win over the environment; a seed is drawn when neither gives one. */
function runEnvironment(options: RunOptions, target: Target): Readonly<Record<string, string>> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(SETTINGS)) {
    const text = options.settings[name] ?? process.env[variableName(name)];
    if (text !== undefined && text !== '') given[variableName(name)] = text;
  }
  readSettings((variable) => given[variable]);
  return {
    WEIR_SEED: String(randomInt(2 ** 32)),
    ...given,
    WEIR_TARGET: target.file,
  };
}

async function inspectPlan(
  binary: string,
  bundle: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ plan: Plan; thresholds: readonly Threshold[] }> {
  const { code, stdout, stderr } = await inspectBundle(binary, bundle, environment);
  const refused = /ConfigError: (.*?)\n\s*at /s.exec(
    stderr.split('\n').map(logMessage).join('\n'),
  )?.[1];
  if (refused !== undefined) throw new UsageError(refused);
  if (code !== 0) throw new Error(`k6 inspect ended with exit code ${code}: ${stderr}`);
  const weir = readWeir(JSON.parse(stdout));
  if (weir === undefined) throw new Error(`k6 inspect printed no plan: ${stdout.slice(0, 200)}`);
  return weir;
}

/** What lib/k6 put under options.ext.weir, in this version's own shape. */
function readWeir(
  inspected: unknown,
): { plan: Plan; thresholds: readonly Threshold[] } | undefined {
  const ext = isObject(inspected) ? inspected['ext'] : undefined;
  const weir = isObject(ext) ? ext['weir'] : undefined;
  return isWeir(weir) ? weir : undefined;
}

function isWeir(value: unknown): value is { plan: Plan; thresholds: readonly Threshold[] } {
  return isObject(value) && isObject(value['plan']) && Array.isArray(value['thresholds']);
}
