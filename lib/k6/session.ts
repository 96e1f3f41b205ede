import http from 'k6/http';
import secrets from 'k6/secrets';
import type { Account } from '../target/accounts.ts';
import { fillJson, fillText, fillUrl, type PlaceValues, readPath } from '../target/places.ts';
import { resolveReferences, type Secrets } from '../target/secrets.ts';
import type { RequestStep } from '../target/steps.ts';
import { secretNames, type Target } from '../target/target.ts';
import { environmentVariable } from './env.ts';

/**
 * What one VU knows beyond the target: resolved secrets, and per account the values its login saved.
 * A VU resolves secrets at its first iteration: k6's secret source is not there before.
 */
export interface Session {
  /** Logs in if need be and runs the chain. Rejects with a StepFailure. */
  prepare(account: Account | undefined): Promise<Prepared>;
  /** Forgets the login of an account: the next `prepare` logs in again. */
  forget(account: Account | undefined): void;
}

/** What a request is filled with. */
export interface Prepared {
  readonly credentials: Readonly<Record<string, string>>;
  /** base, credentials, vars, login, chain. */
  readonly places: PlaceValues;
  readonly secrets: Secrets;
}

/** A login or chain request that did not give what the next one needs. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  /** 0 when no answer came. */
  readonly status: number;
  /** k6's error code: 1050 is its request timeout. */
  readonly errorCode: number;
  readonly body: string;

  constructor(step: string, what: string, answer: StepAnswer) {
    super(`${step}: ${what}`);
    this.status = answer.status;
    this.errorCode = answer.error_code;
    this.body = typeof answer.body === 'string' ? answer.body.slice(0, 65_536) : '';
  }
}

type StepAnswer = Awaited<ReturnType<typeof http.asyncRequest>>;
type Saved = Readonly<Record<string, unknown>>;

/** A login is renewed this share of its lifetime early: a stream that starts now must still fit. */
const EARLY = 0.1;

export function createSession(target: Target): Session {
  let resolved: Promise<Secrets> | undefined;
  const logins = new Map<string, { saved: Promise<Saved>; expiresAt: number }>();
  const key = (account: Account | undefined): string => account?.id ?? '';

  async function prepare(account: Account | undefined): Promise<Prepared> {
    resolved ??= resolveSecrets(target);
    const names = await resolved;
    const credentials = resolveCredentials(account, names);
    const known = { base: target.base, credentials, vars: account?.vars ?? {} };
    const login = await loggedIn(account, known, names);
    const chain = await runSteps(target.chain, 'chain', { ...known, login }, names, target);
    return { credentials, places: { ...known, login, chain }, secrets: names };
  }

  function loggedIn(
    account: Account | undefined,
    known: PlaceValues,
    names: Secrets,
  ): Promise<Saved> {
    const kept = logins.get(key(account));
    if (kept && Date.now() < kept.expiresAt) return kept.saved;
    const login = {
      expiresAt: Number.POSITIVE_INFINITY,
      saved: runSteps(target.login, 'login', known, names, target),
    };
    logins.set(key(account), login);
    const startedAt = Date.now();
    return login.saved.then(
      (saved) => {
        login.expiresAt = expiry(saved, startedAt);
        return saved;
      },
      (failure) => {
        logins.delete(key(account));
        throw failure;
      },
    );
  }

  return {
    prepare,
    forget: (account) => {
      logins.delete(key(account));
    },
  };
}

function expiry(saved: Saved, startedAt: number): number {
  const seconds = Number(saved['expiresInSeconds'] ?? Number.POSITIVE_INFINITY);
  return startedAt + seconds * 1000 * (1 - EARLY);
}

async function resolveSecrets(target: Target): Promise<Secrets> {
  const resolved: Record<string, string> = {};
  for (const name of secretNames(target)) {
    const value = (await fromSecretSource(name)) ?? environmentVariable(name);
    if (value !== undefined) resolved[name] = value;
  }
  return resolved;
}

/** Throws where no source is set up or the source does not know the name. */
async function fromSecretSource(name: string): Promise<string | undefined> {
  try {
    return await secrets.get(name);
  } catch {
    return undefined;
  }
}

function resolveCredentials(
  account: Account | undefined,
  names: Secrets,
): Readonly<Record<string, string>> {
  const credentials: Record<string, string> = {};
  for (const [name, text] of Object.entries(account?.credentials ?? {})) {
    const field = `account ${account?.id}: credentials.${name}`;
    credentials[name] = resolveReferences(text, field, names);
  }
  return credentials;
}

async function runSteps(
  steps: readonly RequestStep[],
  kind: 'login' | 'chain',
  known: PlaceValues,
  names: Secrets,
  target: Target,
): Promise<Saved> {
  let saved: Saved = {};
  for (const [index, step] of steps.entries()) {
    const field = `${kind}[${index}]`;
    const answer = await send(step, field, { ...known, [kind]: saved }, names, target);
    saved = { ...saved, ...save(step, field, answer) };
  }
  return saved;
}

function send(
  step: RequestStep,
  field: string,
  values: PlaceValues,
  names: Secrets,
  target: Target,
): Promise<StepAnswer> {
  const headers = fillHeaders(step.headers, values, names);
  const body = step.body === undefined ? null : JSON.stringify(fillJson(step.body, values));
  return http.asyncRequest(step.method, fillUrl(step.url, values), body, {
    headers: { ...(body !== null && { 'Content-Type': 'application/json' }), ...headers },
    timeout: target.timeouts.requestMs,
    redirects: 0,
    responseType: 'text',
    tags: { name: `${target.dialect.name} ${field}` },
  });
}

/** References first, in the user's own text; then places, whose values are not searched again. */
export function fillHeaders(
  headers: Readonly<Record<string, string>>,
  values: PlaceValues,
  names: Secrets,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [
      name,
      text
        .split(/(\$\{[^}]*\})/)
        .map((part) =>
          part.startsWith('${')
            ? resolveReferences(part, `headers.${name}`, names)
            : fillText(part, values),
        )
        .join(''),
    ]),
  );
}

function save(step: RequestStep, field: string, answer: StepAnswer): Saved {
  if (answer.status < 200 || answer.status >= 300) {
    throw new StepFailure(field, answer.status === 0 ? 'no answer' : 'refused', answer);
  }
  const json = parseBody(answer);
  const saved: Record<string, unknown> = {};
  for (const [name, path] of Object.entries(step.save)) {
    const value = readPath(json, path);
    if (value === undefined || value === null) {
      throw new StepFailure(field, `the answer has nothing at ${path}`, answer);
    }
    saved[name] = value;
  }
  return saved;
}

function parseBody(answer: StepAnswer): unknown {
  try {
    return typeof answer.body === 'string' ? JSON.parse(answer.body) : undefined;
  } catch {
    return undefined;
  }
}
