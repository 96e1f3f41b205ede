import { ConfigError } from './config-error.ts';

/**
 * Typed readers for parsed JSON. Each takes the value and the field's full name, as it stands in the
 * user's file, and throws a ConfigError that names field, rule and received value.
 */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Cut to 60 characters: enough to recognise a value, too little to flood a terminal. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readObject(value: unknown, field: string, keys?: readonly string[]): JsonObject {
  if (!isObject(value)) throw new ConfigError(field, 'must be an object', show(value));
  for (const key of Object.keys(value)) {
    if (keys && !keys.includes(key)) {
      throw new ConfigError(`${field}.${key}`, `is unknown; known here: ${keys.join(', ')}`);
    }
  }
  return value;
}

export function readArray(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ConfigError(field, 'must be an array', show(value));
  return value;
}

export function readString(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') {
    throw new ConfigError(field, 'must be a non-empty string', show(value));
  }
  return value;
}

export function readBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') {
    throw new ConfigError(field, 'must be true or false', show(value));
  }
  return value;
}

export function readChoice<T extends string>(
  value: unknown,
  field: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    throw new ConfigError(field, `must be one of ${choices.join(', ')}`, show(value));
  }
  return found;
}

export function readNumber(
  value: unknown,
  field: string,
  range: { readonly min: number; readonly max: number; readonly whole?: boolean },
): number {
  const fits =
    typeof value === 'number' &&
    value >= range.min &&
    value <= range.max &&
    (!range.whole || Number.isInteger(value));
  if (!fits) {
    const kind = range.whole ? 'a whole number' : 'a number';
    throw new ConfigError(field, `must be ${kind} from ${range.min} to ${range.max}`, show(value));
  }
  return value;
}

/** A plain map of strings, such as headers. */
export function readStrings(value: unknown, field: string): Readonly<Record<string, string>> {
  const strings: Record<string, string> = {};
  for (const [key, item] of Object.entries(readObject(value, field))) {
    if (typeof item !== 'string') {
      throw new ConfigError(`${field}.${key}`, 'must be a string', show(item));
    }
    strings[key] = item;
  }
  return strings;
}

/** JSON.parse whose error names the file and never quotes its text: it may hold a secret. */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    const line = position && text.slice(0, Number(position)).split('\n').length;
    throw new ConfigError(file, `must be JSON${line ? `; see line ${line}` : ''}`);
  }
}
