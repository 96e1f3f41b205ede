import type {
  CapacityOptions,
  MockOptions,
  PlainOptions,
  ResolvedAccount,
  ResolvedMockOptions,
  ResolvedPlanOptions,
} from './mock-options.ts';
import {
  flagIn,
  listIn,
  MockConfigError,
  type NumberRule,
  numberIn,
  oneOfIn,
  recordIn,
  secretIn,
  spanIn,
  textIn,
} from './option-rules.ts';
import { parseFaultRates } from './streams/fault-choice.ts';

export type * from './mock-options.ts';

const TIME_MS: NumberRule = { min: 0, max: 3_600_000 };
const LIMIT_MS: NumberRule = { min: 1, max: 3_600_000 };
const SHARE: NumberRule = { min: 0, max: 1 };
/** A plan is built before it is played: this bounds its memory. */
const CHUNKS: NumberRule = { min: 0, max: 10_000, whole: true };
const CHUNK_CHARS: NumberRule = { min: 1, max: 100_000, whole: true };
const BODY_BYTES: NumberRule = { min: 1, max: 2 ** 26, whole: true };
const RATE: NumberRule = { min: 0.001, max: 10_000_000 };
const COUNT: NumberRule = { min: 1, max: 1_000_000, whole: true };
const COUNT_OR_NONE: NumberRule = { ...COUNT, min: 0 };
const ANY_TEXT = /./s;
const ID = /^[A-Za-z0-9_.-]{1,64}$/;

/** Reads a configuration file's JSON. */
export function parseMockOptions(json: unknown): MockOptions {
  return resolve(json);
}

export function resolveMockOptions(options: MockOptions): ResolvedMockOptions {
  return resolve(options);
}

function resolve(options: unknown): ResolvedMockOptions {
  const {
    host = '127.0.0.1',
    port = 0,
    seed = 1,
    journalFile,
    accounts,
    plan = {},
    capacity,
    faults = '',
    plain = {},
    references = true,
    tokenTtlMs = 3_600_000,
    bodyLimitBytes = 2 ** 20,
    idleLimitMs = 60_000,
    closeAfterMs = 1000,
  } = recordIn('options', options, [
    ...['host', 'port', 'seed', 'journalFile', 'accounts', 'plan', 'capacity', 'faults', 'plain'],
    ...['references', 'tokenTtlMs', 'bodyLimitBytes', 'idleLimitMs', 'closeAfterMs'],
  ]);
  return {
    host: textIn('host', host, /^[A-Za-z0-9.:_-]+$/, 'a host name or address'),
    port: numberIn('port', port, { min: 0, max: 65_535, whole: true }),
    seed: numberIn('seed', seed, { min: 0, max: 2 ** 53 - 1, whole: true }),
    ...(journalFile !== undefined && {
      journalFile: textIn('journalFile', journalFile, ANY_TEXT, 'a file path'),
    }),
    ...(accounts !== undefined && { accounts: resolveAccounts(accounts) }),
    plan: resolvePlan(plan),
    ...(capacity !== undefined && { capacity: resolveCapacity(capacity) }),
    faults: checkedFaults(faults),
    plain: resolvePlain(plain),
    references: flagIn('references', references),
    tokenTtlMs: numberIn('tokenTtlMs', tokenTtlMs, LIMIT_MS),
    bodyLimitBytes: numberIn('bodyLimitBytes', bodyLimitBytes, BODY_BYTES),
    idleLimitMs: numberIn('idleLimitMs', idleLimitMs, LIMIT_MS),
    closeAfterMs: numberIn('closeAfterMs', closeAfterMs, TIME_MS),
  };
}

/** Credentials that find an account must find one only. */
const UNIQUE = ['id', 'appId', 'apiKey', 'username'] as const;

function resolveAccounts(value: unknown): readonly ResolvedAccount[] {
  const accounts = listIn('accounts', value, 100_000).map((entry, index) =>
    resolveAccount(`accounts[${index}]`, entry),
  );
  for (const key of UNIQUE) {
    const seen = new Set<string>();
    for (const [index, account] of accounts.entries()) {
      const own = account[key];
      if (own === undefined) continue;
      const field = `accounts[${index}].${key}`;
      if (seen.has(own)) {
        const received = key === 'apiKey' ? '***' : JSON.stringify(own);
        throw new MockConfigError(field, 'unique among the accounts', received);
      }
      seen.add(own);
    }
  }
  return accounts;
}

function resolveAccount(field: string, value: unknown): ResolvedAccount {
  const given = recordIn(field, value, [
    ...['id', 'concurrency', 'appId', 'apiSecret', 'apiKey', 'username', 'password'],
    ...['releaseLagMs', 'spuriousRefusal', 'refuse'],
  ]);
  const { appId, apiSecret, apiKey, username, password, refuse } = given;
  const { id, concurrency, releaseLagMs = 0, spuriousRefusal = 0 } = given;
  const at = (key: string): string => `${field}.${key}`;
  return {
    id: textIn(at('id'), id, ID, '1 to 64 of the characters A-Z a-z 0-9 _ . -'),
    concurrency: numberIn(at('concurrency'), concurrency, COUNT_OR_NONE),
    ...(paired(given, 'appId', 'apiSecret', field) && {
      appId: textIn(at('appId'), appId, ANY_TEXT, 'a non-empty string'),
      apiSecret: secretIn(at('apiSecret'), apiSecret),
    }),
    ...(apiKey !== undefined && { apiKey: secretIn(at('apiKey'), apiKey) }),
    ...(paired(given, 'username', 'password', field) && {
      username: textIn(at('username'), username, ANY_TEXT, 'a non-empty string'),
      password: secretIn(at('password'), password),
    }),
    releaseLagMs: numberIn(at('releaseLagMs'), releaseLagMs, TIME_MS),
    spuriousRefusal: numberIn(at('spuriousRefusal'), spuriousRefusal, SHARE),
    ...(refuse !== undefined && {
      refuse: oneOfIn(at('refuse'), refuse, ['in-stream', 'http'] as const),
    }),
  };
}

function paired(
  given: Record<string, unknown>,
  name: string,
  secret: string,
  field: string,
): boolean {
  if ((given[name] === undefined) === (given[secret] === undefined))
    return given[name] !== undefined;
  const missing = given[name] === undefined ? name : secret;
  const other = missing === name ? secret : name;
  throw new MockConfigError(`${field}.${missing}`, `given together with ${other}`, 'nothing');
}

function resolvePlan(value: unknown): ResolvedPlanOptions {
  const {
    ttftMs = 200,
    chunks = 40,
    gapMs = 20,
    chunkChars = [1, 4],
    chunkText,
    reasoningChunks = 0,
  } = recordIn('plan', value, [
    'ttftMs',
    'chunks',
    'gapMs',
    'chunkChars',
    'chunkText',
    'reasoningChunks',
  ]);
  return {
    ttftMs: spanIn('plan.ttftMs', ttftMs, TIME_MS),
    chunks: spanIn('plan.chunks', chunks, CHUNKS),
    gapMs: spanIn('plan.gapMs', gapMs, TIME_MS),
    chunkChars: spanIn('plan.chunkChars', chunkChars, CHUNK_CHARS),
    ...(chunkText !== undefined && {
      chunkText: textIn('plan.chunkText', chunkText, ANY_TEXT, 'a non-empty string'),
    }),
    reasoningChunks: spanIn('plan.reasoningChunks', reasoningChunks, CHUNKS),
  };
}

function resolveCapacity(value: unknown): Required<CapacityOptions> {
  const keys = ['slots', 'chunksPerSecond', 'queue', 'breakSlipMs', 'breakShare'];
  const given = recordIn('capacity', value, keys);
  const { slots, chunksPerSecond, queue = slots, breakSlipMs = 1000, breakShare = 0 } = given;
  return {
    slots: numberIn('capacity.slots', slots, COUNT),
    chunksPerSecond: numberIn('capacity.chunksPerSecond', chunksPerSecond, RATE),
    queue: numberIn('capacity.queue', queue, COUNT_OR_NONE),
    breakSlipMs: numberIn('capacity.breakSlipMs', breakSlipMs, LIMIT_MS),
    breakShare: numberIn('capacity.breakShare', breakShare, SHARE),
  };
}

function resolvePlain(value: unknown): Required<PlainOptions> {
  const { textPath = 'text', marker = '[END]' } = recordIn('plain', value, ['textPath', 'marker']);
  return {
    textPath: textIn('plain.textPath', textPath, /^[^.]+(\.[^.]+)*$/, 'keys joined by dots'),
    marker: textIn('plain.marker', marker, /^[^\r\n]+$/, 'one line of text'),
  };
}

function checkedFaults(value: unknown): string {
  if (typeof value !== 'string') {
    throw new MockConfigError('faults', 'text like "no-terminal:1%,rst=3:0.5%"', 'something else');
  }
  parseFaultRates(value);
  return value;
}
