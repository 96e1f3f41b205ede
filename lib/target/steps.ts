import {
  type JsonObject,
  readArray,
  readChoice,
  readObject,
  readString,
  readStrings,
} from '../config/fields.ts';
import { checkPlaces } from './places.ts';
import { checkReferences, refuseReferences } from './secrets.ts';

/** One request before the stream: a login, or the creation of a conversation. */
export interface RequestStep {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
  /**
   * Name → path in the JSON answer. Later places read it as `{login.name}` or `{chain.name}`;
   * `expiresInSeconds` says how long a login holds.
   */
  readonly save: Readonly<Record<string, string>>;
}

export function readSteps(value: unknown, field: string): readonly RequestStep[] {
  if (value === undefined) return [];
  return readArray(value, field).map((item, index) => readStep(item, `${field}[${index}]`));
}

function readStep(item: unknown, field: string): RequestStep {
  const object = readObject(item, field, ['url', 'method', 'headers', 'body', 'save']);
  const body = object['body'];
  checkPlaces(body ?? {}, `${field}.body`);
  return {
    url: readStepUrl(object['url'], `${field}.url`),
    method: readChoice(object['method'] ?? 'POST', `${field}.method`, [
      'GET',
      'POST',
      'PUT',
    ] as const),
    headers: readHeaders(object['headers'], `${field}.headers`),
    ...(body !== undefined && { body: readObject(body, `${field}.body`) }),
    save: readStrings(object['save'] ?? {}, `${field}.save`),
  };
}

function readStepUrl(value: unknown, field: string): string {
  const url = readString(value, field);
  refuseReferences(url, field);
  checkPlaces(url, field);
  return url;
}

export function readHeaders(value: unknown, field: string): Readonly<Record<string, string>> {
  const headers = readStrings(value ?? {}, field);
  for (const [name, text] of Object.entries(headers)) {
    checkReferences(text, `${field}.${name}`);
    checkPlaces(text, `${field}.${name}`);
  }
  return headers;
}
