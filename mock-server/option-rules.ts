import { isRecord } from './json.ts';
import type { Span } from './random.ts';

/** Names the field, the rule and what was received; a secret is received as `***`. */
export class MockConfigError extends Error {
  override readonly name = 'MockConfigError';
  readonly field: string;

  constructor(field: string, rule: string, received: string) {
    super(`${field} must be ${rule}, got ${received}`);
    this.field = field;
  }
}

export interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** An object with no other keys than these. Values of unknown keys are never shown: they may be secrets. */
export function recordIn(
  field: string,
  value: unknown,
  keys: readonly string[],
): Record<string, unknown> {
  if (!isRecord(value)) throw new MockConfigError(field, 'an object', kindOf(value));
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown === undefined) return value;
  const path = field === 'options' ? unknown : `${field}.${unknown}`;
  throw new MockConfigError(path, `one of the keys ${keys.join(', ')}`, 'an unknown key');
}

export function listIn(field: string, value: unknown, max: number): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= max) return value;
  const received = Array.isArray(value) ? `${value.length} entries` : kindOf(value);
  throw new MockConfigError(field, `an array of 1 to ${max} entries`, received);
}

export function numberIn(field: string, value: unknown, rule: NumberRule): number {
  if (fits(value, rule)) return value;
  throw new MockConfigError(field, describeRule(rule), describe(value));
}

/** A constant, or a pair [least, most] to draw from. */
export function spanIn(field: string, value: unknown, rule: NumberRule): Span {
  if (fits(value, rule)) return [value, value];
  if (Array.isArray(value) && value.length === 2) {
    const [min, max]: unknown[] = value;
    if (fits(min, rule) && fits(max, rule) && min <= max) return [min, max];
  }
  const wanted = `${describeRule(rule)}, or a pair [least, most] of such numbers`;
  throw new MockConfigError(field, wanted, describe(value));
}

export function textIn(field: string, value: unknown, pattern: RegExp, rule: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new MockConfigError(field, rule, describe(value));
}

export function secretIn(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new MockConfigError(field, 'a non-empty string', '***');
}

export function flagIn(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new MockConfigError(field, 'true or false', describe(value));
}

export function oneOfIn<Choice extends string>(
  field: string,
  value: unknown,
  choices: readonly Choice[],
): Choice {
  const chosen = choices.find((choice) => choice === value);
  if (chosen !== undefined) return chosen;
  throw new MockConfigError(field, `one of ${choices.join(', ')}`, describe(value));
}

function fits(value: unknown, { min, max, whole }: NumberRule): value is number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) return false;
  return whole !== true || Number.isInteger(value);
}

function describeRule({ min, max, whole }: NumberRule): string {
  return `a ${whole === true ? 'whole number' : 'number'} from ${min} to ${max}`;
}

/** Short scalars are shown as they are; what could hold a secret inside is only named. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const numbers = Array.isArray(value) && value.length <= 4;
  if (numbers && value.every((entry) => typeof entry === 'number')) return JSON.stringify(value);
  return kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value === undefined) return 'nothing';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
