import { STRATEGIES } from '../accounts/strategies.ts';
import { ConfigError } from '../config/config-error.ts';

/**
 * What a user may set for a run: `--step-seconds 5` on the command line is `WEIR_STEP_SECONDS=5` in
 * the environment. One table for lib/k6, the command line and the documentation.
 */
export interface Setting {
  readonly kind: 'text' | 'number' | 'whole' | 'numbers' | 'choice';
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  readonly help: string;
}

export const SETTINGS = {
  seed: {
    kind: 'whole',
    min: 0,
    max: 4_294_967_295,
    help: 'makes the choice of accounts and prompts repeatable',
  },
  strategy: { kind: 'choice', choices: STRATEGIES, help: 'how a stream gets its account' },
  profile: { kind: 'text', help: 'which thresholds judge the run' },
  driver: {
    kind: 'choice',
    choices: ['extension', 'websockets', 'buffered'],
    help: 'how bytes get into k6; the best for the dialect unless you say otherwise',
  },
  iterations: { kind: 'whole', min: 1, max: 1_000_000, help: 'streams a user asks for, in a row' },
  users: { kind: 'whole', min: 1, max: 100_000, help: 'users that ask at the same time' },
  waves: {
    kind: 'whole',
    min: 1,
    max: 1_000_000,
    help: 'times that all users ask together; without it they ask freely',
  },
  seconds: { kind: 'number', min: 1, max: 604_800, help: 'how long free users go on asking' },
  expect: {
    kind: 'text',
    help: 'outcomes of every wave, such as completed:3,concurrency-limited:1',
  },
  rates: {
    kind: 'numbers',
    min: 0.001,
    max: 100_000,
    help: 'streams a second, one step each, such as 5,10,20',
  },
  stepSeconds: { kind: 'number', min: 1, max: 86_400, help: 'length of a step' },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** Every setting that a user gave, parsed; the rest is undefined. */
export interface Settings {
  readonly seed?: number;
  readonly strategy?: string;
  readonly profile?: string;
  readonly driver?: string;
  readonly iterations?: number;
  readonly users?: number;
  readonly waves?: number;
  readonly seconds?: number;
  readonly expect?: string;
  readonly rates?: readonly number[];
  readonly stepSeconds?: number;
}

/** `stepSeconds` → `WEIR_STEP_SECONDS`. */
export function variableName(setting: string): string {
  return `WEIR_${setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `stepSeconds` → `--step-seconds`. */
export function flagName(setting: string): string {
  return `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * @param lookUp answers the text of an environment variable, undefined when it is not set
 * @throws ConfigError naming flag and variable
 */
export function readSettings(lookUp: (variable: string) => string | undefined): Settings {
  const entries = Object.entries(SETTINGS).flatMap(([name, setting]) => {
    const text = lookUp(variableName(name));
    if (text === undefined || text === '') return [];
    return [[name, readSetting(name, setting, text)] as const];
  });
  return Object.fromEntries(entries);
}

function readSetting(name: string, setting: Setting, text: string): string | number | number[] {
  const field = `${flagName(name)} (${variableName(name)})`;
  if (setting.kind === 'text') return text;
  if (setting.kind === 'choice') {
    if (setting.choices?.includes(text)) return text;
    throw new ConfigError(field, `must be one of ${setting.choices?.join(', ')}`, quoted(text));
  }
  if (setting.kind === 'numbers') {
    return text.split(',').map((part) => readNumberText(field, setting, part));
  }
  return readNumberText(field, setting, text);
}

function readNumberText(field: string, setting: Setting, text: string): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, kind } = setting;
  const value = /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : Number.NaN;
  const fits = value >= min && value <= max && (kind !== 'whole' || Number.isInteger(value));
  if (fits) return value;
  const what = { whole: 'a whole number', numbers: 'numbers joined by commas, each' }[
    kind as string
  ];
  throw new ConfigError(field, `must be ${what ?? 'a number'} from ${min} to ${max}`, quoted(text));
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
