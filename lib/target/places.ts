import { ConfigError } from '../config/config-error.ts';
import { isObject } from '../config/fields.ts';

/**
 * `{…}` places in a target's URL path, headers and request: `{vars.fileIds}`, `{login.token}`,
 * `{chain.id}`, `{credentials.username}`, `{stream.id}`, `{prompt}`. A string that is one place and
 * nothing else takes the value as it is, an array too; inside a longer string the value becomes text.
 */
export type PlaceValues = Readonly<Record<string, unknown>>;

/** Not behind a `$`: `${NAME}` is a reference to the environment (secrets.ts). */
const PLACE = /(?<!\$)\{([A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\}/g;
const ONLY_PLACE = /^\{([A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\}$/;

/** Where a place may be filled from. */
export const PLACE_ROOTS = [
  'base',
  'vars',
  'credentials',
  'login',
  'chain',
  'stream',
  'prompt',
] as const;

export function fillText(
  text: string,
  values: PlaceValues,
  encode: (value: string) => string = (value) => value,
): string {
  return text.replace(PLACE, (_, path: string) => encode(String(lookUp(path, values))));
}

/** Fills strings anywhere in a JSON value; the input stays as it is. */
export function fillJson(value: unknown, values: PlaceValues): unknown {
  if (typeof value === 'string') {
    const only = ONLY_PLACE.exec(value)?.[1];
    return only === undefined ? fillText(value, values) : lookUp(only, values);
  }
  if (Array.isArray(value)) return value.map((item) => fillJson(item, values));
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fillJson(v, values)]));
  }
  return value;
}

/** URL: the values are percent-encoded, except `{base}`, which is a URL itself. */
export function fillUrl(url: string, values: PlaceValues): string {
  const base = values['base'];
  const based = typeof base === 'string' ? url.replace(/^\{base\}/, base) : url;
  return fillText(based, values, encodeURIComponent);
}

/** Names of all places in a JSON value, for checking a target before anything is sent. */
export function placesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [...value.matchAll(PLACE)].map((match) => match[1] ?? '');
  if (Array.isArray(value)) return value.flatMap(placesIn);
  if (isObject(value)) return Object.values(value).flatMap(placesIn);
  return [];
}

export function checkPlaces(value: unknown, field: string): void {
  for (const place of placesIn(value)) {
    const root = place.split('.')[0] ?? '';
    if (!PLACE_ROOTS.some((known) => known === root)) {
      throw new ConfigError(
        field,
        `has the place {${place}}; places begin with ${PLACE_ROOTS.join(', ')}`,
      );
    }
  }
}

function lookUp(path: string, values: PlaceValues): unknown {
  let value: unknown = values;
  for (const key of path.split('.')) value = isObject(value) ? value[key] : undefined;
  if (value === undefined || value === null) {
    throw new ConfigError(`{${path}}`, 'has no value for this account or was not saved by a step');
  }
  return value;
}

/** Reads `data.token` out of a login answer; undefined when any part is missing. */
export function readPath(value: unknown, path: string): unknown {
  let found: unknown = value;
  for (const key of path.split('.')) {
    if (Array.isArray(found)) found = found[Number(key)];
    else found = isObject(found) ? found[key] : undefined;
  }
  return found;
}
