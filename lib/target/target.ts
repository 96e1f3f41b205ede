import { ConfigError } from '../config/config-error.ts';
import {
  type JsonObject,
  parseJson,
  readBoolean,
  readChoice,
  readNumber,
  readObject,
  readString,
} from '../config/fields.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { DIALECTS } from '../dialects/index.ts';
import { type Account, parseAccounts } from './accounts.ts';
import { checkPlaces } from './places.ts';
import { DEFAULT_PROMPTS, parsePrompts } from './prompts.ts';
import { referencesIn, refuseReferences } from './secrets.ts';
import { type RequestStep, readHeaders, readSteps } from './steps.ts';

/** What is tested: URL, dialect, accounts, prompts, timeouts. Checked, with all files read. */
export interface Target {
  readonly file: string;
  readonly dialect: Dialect;
  readonly url: string;
  /** Fills `{base}`; the origin of `url` when the file names none. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly request: JsonObject;
  readonly rules?: JsonObject;
  /** Empty when the target has none. */
  readonly accounts: readonly Account[];
  readonly prompts: readonly string[];
  readonly timeouts: TargetTimeouts;
  /** Replaces what k6's own options say. */
  readonly tls?: TargetTls;
  /** Connections to the host, over all VUs of one k6 process; absent: no limit. */
  readonly maxConnections?: number;
  /** Run in order, kept per VU until they expire, renewed once on 401. */
  readonly login: readonly RequestStep[];
  /** Run in order before every stream: for example the creation of a conversation. */
  readonly chain: readonly RequestStep[];
}

/** PEM texts, read from the files that the target names. */
export interface TargetTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
}

/** Milliseconds. */
export interface TargetTimeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly firstEventMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
  /** Of one login or chain request. */
  readonly requestMs: number;
  /** A gap between content frames longer than this is a stall. */
  readonly stallMs: number;
  /** A slot is used again only this long after the last answer on it ended. */
  readonly coolDownMs: number;
}

/**
 * An answer that takes longer than the total is of no use to a chat user; 60 s to the first event
 * leaves room for queueing, which is what an overloaded service does first.
 */
export const DEFAULT_TIMEOUTS: TargetTimeouts = {
  connectMs: 10_000,
  headersMs: 30_000,
  firstEventMs: 60_000,
  idleMs: 30_000,
  totalMs: 180_000,
  requestMs: 30_000,
  stallMs: 2_000,
  coolDownMs: 0,
};

const KEYS = [
  'dialect',
  'url',
  'base',
  'headers',
  'request',
  'rules',
  'accounts',
  'prompts',
  'timeouts',
  'tls',
  'maxConnections',
  'login',
  'chain',
] as const;

/**
 * Reads a target file and the files it names.
 * @param file absolute path; paths in it are relative to its folder
 * @param read returns a file's text or throws
 * @throws ConfigError naming field, rule and received value
 */
export function loadTarget(file: string, read: (file: string) => string): Target {
  const object = readObject(parseJson(read(file), file), 'target', KEYS);
  const dialect = readDialect(object['dialect']);
  const url = readString(object['url'], 'url');
  const base = readBase(object['base'], url);
  const request = readObject(object['request'] ?? {}, 'request');
  const rules =
    object['rules'] === undefined ? {} : { rules: readObject(object['rules'], 'rules') };
  checkUrl(url.replace(/^\{base\}/, base), dialect);
  checkPlaces(url, 'url');
  checkPlaces(request, 'request');
  dialect.check({ request, ...rules });
  return {
    file,
    dialect,
    url,
    base,
    headers: readHeaders(object['headers'], 'headers'),
    request,
    ...rules,
    accounts: readAccounts(object['accounts'], file, dialect, read),
    prompts: readPrompts(object['prompts'], file, read),
    timeouts: readTimeouts(object['timeouts'] ?? {}),
    ...readTls(object['tls'], file, read),
    ...readMaxConnections(object['maxConnections']),
    login: readSteps(object['login'], 'login'),
    chain: readSteps(object['chain'], 'chain'),
  };
}

/** Names of all environment variables that the target's credentials and headers refer to. */
export function secretNames(target: Target): readonly string[] {
  const texts = [
    ...target.accounts.flatMap((account) => Object.values(account.credentials)),
    ...[target, ...target.login, ...target.chain].flatMap((part) => Object.values(part.headers)),
  ];
  return [...new Set(texts.flatMap(referencesIn))];
}

function readDialect(value: unknown): Dialect {
  const name = readChoice(value, 'dialect', Object.keys(DIALECTS));
  const dialect = DIALECTS[name];
  if (dialect === undefined) throw new ConfigError('dialect', 'is unknown', name);
  return dialect;
}

function readBase(value: unknown, url: string): string {
  if (value !== undefined) return readString(value, 'base').replace(/\/$/, '');
  return /^[a-z]+:\/\/[^/?#]+/.exec(url)?.[0] ?? '';
}

function checkUrl(url: string, dialect: Dialect): void {
  refuseReferences(url, 'url');
  const schemes = dialect.transport === 'websocket' ? ['ws', 'wss'] : ['http', 'https'];
  const scheme = /^([a-z]+):\/\/[^/?#]+/.exec(url)?.[1];
  if (scheme === undefined || !schemes.includes(scheme)) {
    throw new ConfigError(
      'url',
      `must begin with ${schemes.map((name) => `${name}://`).join(' or ')} for ${dialect.name}`,
      JSON.stringify(url.replace(/\?.*/s, '?…')),
    );
  }
  if (/^[a-z]+:\/\/[^/?#]*@/.test(url)) {
    throw new ConfigError('url', 'must not hold a user or password; use headers', '***');
  }
}

function readAccounts(
  value: unknown,
  file: string,
  dialect: Dialect,
  read: (file: string) => string,
): readonly Account[] {
  if (value === undefined) {
    if (!dialect.needsAccount) return [];
    throw new ConfigError('accounts', `must name an accounts file for ${dialect.name}`, 'nothing');
  }
  const accountsFile = besides(file, readString(value, 'accounts'));
  return parseAccounts(read(accountsFile), accountsFile, dialect.credentials);
}

function readPrompts(
  value: unknown,
  file: string,
  read: (file: string) => string,
): readonly string[] {
  if (value === undefined) return DEFAULT_PROMPTS;
  const promptsFile = besides(file, readString(value, 'prompts'));
  return parsePrompts(read(promptsFile), promptsFile);
}

/** Paths in a target are relative to its folder. */
function besides(file: string, name: string): string {
  return name.startsWith('/') ? name : `${file.replace(/[^/]*$/, '')}${name}`;
}

function readTimeouts(value: unknown): TargetTimeouts {
  const object = readObject(value, 'timeouts', Object.keys(DEFAULT_TIMEOUTS));
  const timeouts: Record<string, number> = {};
  for (const [name, given] of Object.entries(object)) {
    const min = name === 'coolDownMs' ? 0 : 1;
    timeouts[name] = readNumber(given, `timeouts.${name}`, { min, max: 3_600_000 });
  }
  return { ...DEFAULT_TIMEOUTS, ...timeouts };
}

function readTls(
  value: unknown,
  file: string,
  read: (file: string) => string,
): { readonly tls?: TargetTls } {
  if (value === undefined) return {};
  const object = readObject(value, 'tls', ['ca', 'cert', 'key', 'insecure']);
  if ((object['cert'] === undefined) !== (object['key'] === undefined)) {
    throw new ConfigError('tls', 'must hold cert and key together', 'one of them');
  }
  const pem = (name: 'ca' | 'cert' | 'key') =>
    object[name] !== undefined && {
      [name]: read(besides(file, readString(object[name], `tls.${name}`))),
    };
  const { insecure } = object;
  return {
    tls: {
      ...pem('ca'),
      ...pem('cert'),
      ...pem('key'),
      ...(insecure !== undefined && { insecure: readBoolean(insecure, 'tls.insecure') }),
    },
  };
}

function readMaxConnections(value: unknown): { readonly maxConnections?: number } {
  if (value === undefined) return {};
  const range = { min: 1, max: 65_535, whole: true };
  return { maxConnections: readNumber(value, 'maxConnections', range) };
}
