import { ConfigError } from '../config/config-error.ts';
import { isObject, readArray, readChoice, readObject, readString } from '../config/fields.ts';
import { type Dialect, type DialectPart, SSE_HEADERS } from './dialect.ts';
import { compilePath } from './paths.ts';
import type { Match, Path, StreamRules } from './rules.ts';

/**
 * A house-made event stream: the target's `rules` say where the text is and what ends it, so that
 * no code is needed: `"rules": {"answer": "text", "end": "[DONE]"}`. An answer path of `""` takes
 * the event's data as text. The `request` is the JSON body, with a `{prompt}` place.
 */
export const plainSse: Dialect = {
  name: 'plain-sse',
  transport: 'http',
  credentials: [],
  needsAccount: false,
  check: (target) => {
    plainRules(target);
  },
  rules: plainRules,
  buildRequest: (input) => ({
    url: input.url,
    headers: { ...SSE_HEADERS, ...input.headers },
    body: JSON.stringify(input.request),
  }),
  classify: ({ code, message = '' }) => {
    if (/concurren|并发/i.test(`${code} ${message}`)) return 'concurrency-limited';
    return undefined;
  },
};

const KEYS = [
  'answer',
  'reasoning',
  'delta',
  'end',
  'error',
  'errorCode',
  'errorMessage',
  'finish',
  'traceId',
  'sequence',
] as const;

function plainRules({ rules }: DialectPart): StreamRules {
  if (rules === undefined) {
    throw new ConfigError(
      'rules',
      'must say where the text is and what ends the stream, as {"answer": "text", "end": "[DONE]"}',
      'nothing',
    );
  }
  const given = readObject(rules, 'rules', KEYS);
  return {
    framing: 'sse',
    answer: paths(given['answer'], 'rules.answer'),
    delta: readChoice(given['delta'] ?? 'incremental', 'rules.delta', [
      'incremental',
      'cumulative',
    ] as const),
    end: matches(given['end'], 'rules.end'),
    error:
      given['error'] === undefined
        ? [{ event: 'error' }, { path: 'error', is: 'truthy' }]
        : matches(given['error'], 'rules.error'),
    errorCode: paths(given['errorCode'] ?? ['error.code', 'code'], 'rules.errorCode'),
    errorMessage: paths(
      given['errorMessage'] ?? ['error.message', 'message', 'error'],
      'rules.errorMessage',
    ),
    ...(given['reasoning'] !== undefined && {
      reasoning: paths(given['reasoning'], 'rules.reasoning'),
    }),
    ...(given['finish'] !== undefined && { finish: paths(given['finish'], 'rules.finish') }),
    ...(given['traceId'] !== undefined && { traceId: paths(given['traceId'], 'rules.traceId') }),
    ...(given['sequence'] !== undefined && {
      sequence: readString(given['sequence'], 'rules.sequence'),
    }),
  };
}

/** One path or several. */
function paths(value: unknown, field: string): readonly Path[] {
  const list = typeof value === 'string' ? [value] : readArray(value, field);
  if (list.length === 0) throw new ConfigError(field, 'must hold at least one path', '[]');
  return list.map((path, index) => {
    if (typeof path !== 'string') {
      throw new ConfigError(`${field}[${index}]`, 'must be a path such as choices.*.text');
    }
    compilePath(path);
    return path;
  });
}

/** A string is the whole data of the marker event; an object is a Match; several are all needed. */
function matches(value: unknown, field: string): readonly Match[] {
  const list = Array.isArray(value) ? value : [value];
  if (value === undefined || list.length === 0) {
    throw new ConfigError(field, 'must say what to look for, such as "[DONE]"', 'nothing');
  }
  return list.map((item, index) => {
    if (typeof item === 'string' && item !== '') return { data: item };
    return readMatch(item, `${field}[${index}]`);
  });
}

function readMatch(item: unknown, field: string): Match {
  const object = readObject(item, field, ['event', 'data', 'path', 'is']);
  const { event, data, path, is } = object;
  if (event === undefined && data === undefined && path === undefined) {
    throw new ConfigError(field, 'must hold event, data or path', 'none of them');
  }
  if (is !== undefined && path === undefined) {
    throw new ConfigError(`${field}.is`, 'goes with a path');
  }
  return {
    ...(event !== undefined && { event: readString(event, `${field}.event`) }),
    ...(data !== undefined && { data: readString(data, `${field}.data`) }),
    ...(path !== undefined && { path: readString(path, `${field}.path`) }),
    ...(is !== undefined && { is: readIs(is, `${field}.is`) }),
  };
}

function readIs(value: unknown, field: string): NonNullable<Match['is']> {
  if (!isObject(value)) return readChoice(value, field, ['present', 'truthy', 'non-zero'] as const);
  const object = readObject(value, field, ['equal', 'oneOf']);
  const equal = object['equal'];
  if (typeof equal === 'string' || typeof equal === 'number' || typeof equal === 'boolean') {
    return { equal };
  }
  return {
    oneOf: readArray(object['oneOf'], `${field}.oneOf`).map((item, index) => {
      if (typeof item === 'string' || typeof item === 'number') return item;
      throw new ConfigError(`${field}.oneOf[${index}]`, 'must be a string or a number');
    }),
  };
}
