import { ConfigError } from '../config/config-error.ts';
import {
  type JsonObject,
  parseJson,
  readArray,
  readNumber,
  readObject,
  readString,
} from '../config/fields.ts';
import { checkReferences } from './secrets.ts';

/** Credentials with a concurrency quota and a call budget. */
export interface Account {
  /** Matches `[A-Za-z0-9_.-]{1,64}`: k6 cannot select other values in a threshold. */
  readonly id: string;
  /** Answers it may hold at once; absent: no quota is known. */
  readonly concurrency?: number;
  /** Calls it may spend; absent: not limited. */
  readonly budget?: number;
  /** What the dialect signs or logs in with; values may be `${NAME}`. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Fill `{vars.…}` places: a file id belongs to its account. */
  readonly vars: JsonObject;
}

export const SELECTABLE = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * @param needed names of the credentials that the dialect cannot do without
 * @throws ConfigError naming file, account and field
 */
export function parseAccounts(
  text: string,
  file: string,
  needed: readonly string[],
): readonly Account[] {
  const items = readArray(parseJson(text, file), file);
  if (items.length === 0) throw new ConfigError(file, 'must hold at least one account');
  const accounts = items.map((item, index) => readAccount(item, `${file}[${index}]`, needed));
  const seen = new Set<string>();
  for (const { id } of accounts) {
    if (seen.has(id)) throw new ConfigError(`${file}: id`, 'must be unique', `"${id}" twice`);
    seen.add(id);
  }
  return accounts;
}

function readAccount(item: unknown, field: string, needed: readonly string[]): Account {
  const object = readObject(item, field, ['id', 'concurrency', 'budget', 'credentials', 'vars']);
  const id = readString(object['id'], `${field}.id`);
  if (!SELECTABLE.test(id)) {
    throw new ConfigError(`${field}.id`, 'must match [A-Za-z0-9_.-]{1,64}', JSON.stringify(id));
  }
  const count = { min: 1, max: 1_000_000_000, whole: true };
  return {
    id,
    ...(object['concurrency'] !== undefined && {
      concurrency: readNumber(object['concurrency'], `${field}.concurrency`, count),
    }),
    ...(object['budget'] !== undefined && {
      budget: readNumber(object['budget'], `${field}.budget`, count),
    }),
    credentials: readCredentials(object['credentials'] ?? {}, `${field}.credentials`, needed),
    vars: readObject(object['vars'] ?? {}, `${field}.vars`),
  };
}

/** Values never appear in an error: they are secrets. */
function readCredentials(
  value: unknown,
  field: string,
  needed: readonly string[],
): Readonly<Record<string, string>> {
  const credentials: Record<string, string> = {};
  for (const [name, secret] of Object.entries(readObject(value, field))) {
    if (typeof secret !== 'string' || secret === '') {
      throw new ConfigError(`${field}.${name}`, 'must be a non-empty string', '***');
    }
    checkReferences(secret, `${field}.${name}`);
    credentials[name] = secret;
  }
  for (const name of needed) {
    if (credentials[name] === undefined) {
      throw new ConfigError(`${field}.${name}`, 'is needed by this dialect', 'nothing');
    }
  }
  return credentials;
}
