import { ConfigError } from '../config/config-error.ts';
import { isObject } from '../config/fields.ts';
import type { Path } from './rules.ts';

/** A path cut into keys; `*` stands for any element of an array. */
type Key = string | typeof ANY;
const ANY = Symbol('any element');

export type CompiledPath = readonly Key[];

/**
 * `choices.*.delta\.x` → keys; see Path for the syntax. The empty path has no keys.
 * @throws ConfigError for an empty key or an escape that is none
 */
export function compilePath(path: Path): CompiledPath {
  if (path === '') return [];
  const keys: Key[] = [];
  let key = '';
  let escaped = false;
  let literal = false;
  const push = () => {
    if (key === '')
      throw new ConfigError('path', 'must not have an empty key', JSON.stringify(path));
    keys.push(key === '*' && !literal ? ANY : key);
  };
  for (const char of path) {
    if (escaped) {
      if (!'.*\\'.includes(char)) throw badEscape(path);
      key += char;
      escaped = false;
    } else if (char === '\\') {
      escaped = true;
      literal = true;
    } else if (char === '.') {
      push();
      key = '';
      literal = false;
    } else {
      key += char;
    }
  }
  if (escaped) throw badEscape(path);
  push();
  return keys;
}

function badEscape(path: Path): ConfigError {
  return new ConfigError('path', 'may escape a dot, a star and a backslash', JSON.stringify(path));
}

/** The first value at the path for which the question holds; undefined when there is none. */
export function findAt(
  value: unknown,
  path: CompiledPath,
  holds: (value: unknown) => boolean,
  depth = 0,
): unknown {
  const key = path[depth];
  if (key === undefined) return holds(value) ? value : undefined;
  if (key === ANY) {
    if (!Array.isArray(value)) return undefined;
    for (const item of value) {
      const found = findAt(item, path, holds, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Array.isArray(value)) {
    return /^\d+$/.test(key) ? findAt(value[Number(key)], path, holds, depth + 1) : undefined;
  }
  return isObject(value) && Object.hasOwn(value, key)
    ? findAt(value[key], path, holds, depth + 1)
    : undefined;
}
