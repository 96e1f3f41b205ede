import exec from 'k6/execution';
import { emit, now } from 'k6/x/weir';
import type { ChooseAccount } from '../accounts/strategies.ts';
import { isObject } from '../config/fields.ts';
import type { StreamRules } from '../dialects/rules.ts';
import { seededFraction, seededIndex } from '../statistics/seeded.ts';
import { FAMILY_OF, type Outcome, outcomeOf } from '../stream/outcome.ts';
import type { StreamIdentity, StreamObservation } from '../stream/record.ts';
import { serverText } from '../stream/server-text.ts';
import type { Account } from '../target/accounts.ts';
import { fillJson, fillUrl } from '../target/places.ts';
import { k6Digest } from './digest.ts';
import type { Driver } from './drivers/driver.ts';
import type { Environment } from './env.ts';
import { createSession, fillHeaders, type Prepared, type Session, StepFailure } from './session.ts';

/** Everything that stays the same over a run. */
export interface AskContext {
  readonly environment: Environment;
  readonly scenario: string;
  readonly driver: Driver;
  readonly rules: StreamRules;
  readonly chooseAccount: ChooseAccount;
  /** k6's scenario name → tag `step`. */
  readonly steps: Readonly<Record<string, string>>;
}

/** One user: asks questions, one or several at a time. */
export interface User {
  /** The life of one stream, from the choice of the account to the record. */
  ask(): Promise<Outcome>;
}

/** Share of completed streams that keep their timeline in the record. */
const TIMELINE_SHARE = 0.01;

export function createUser(context: AskContext): User {
  const session = createSession(context.environment.target);
  const numbering = createNumbering();
  return {
    ask: async () => {
      const place = numbering.next();
      const account = context.chooseAccount(place);
      const first = await attempt(context, session, account, place, 1);
      if (first.status !== 401 || !needsLogin(context)) return first.outcome;
      // A token may be revoked before its time: logged in afresh, asked once more, both on record.
      session.forget(account);
      const again = numbering.again(place);
      return (await attempt(context, session, account, again, 2)).outcome;
    },
  };
}

interface Place {
  readonly vu: number;
  readonly vuIteration: number;
  /** Unique over the test, scenarios of k6 included. */
  readonly iteration: string;
  /** Number of the iteration within its k6 scenario, over VUs and instances. */
  readonly turn: number;
  /** 0-based number of the question within its iteration: the choice of an account goes by it. */
  readonly index: number;
  /** 0-based number of the stream within its iteration: further attempts count on. */
  readonly number: number;
  readonly k6Scenario: string;
}

/** `k6/execution` builds an object at every access: read once per stream. */
function createNumbering() {
  let iteration = -1;
  let index = 0;
  let number = 0;
  return {
    next(): Place {
      const { vu, scenario } = exec;
      const vuIteration = vu.iterationInInstance;
      const turn = scenario.iterationInTest;
      if (vuIteration !== iteration) {
        iteration = vuIteration;
        index = 0;
        number = 0;
      }
      const place = {
        vu: vu.idInTest,
        vuIteration,
        iteration: `${scenario.name}/${turn}`,
        turn,
        index,
        number,
        k6Scenario: scenario.name,
      };
      index += 1;
      number += 1;
      return place;
    },
    again(place: Place): Place {
      const next = { ...place, number };
      number += 1;
      return next;
    },
  };
}

function needsLogin({ environment }: AskContext): boolean {
  return environment.target.login.length > 0;
}

async function attempt(
  context: AskContext,
  session: Session,
  account: Account | undefined,
  place: Place,
  attempt: number,
): Promise<{ outcome: Outcome; status: number | undefined }> {
  const startedAt = now();
  const identity = identify(context, account, place, attempt);
  const seen = await observe(context, session, account, place, identity, startedAt);
  const outcome = outcomeOf(seen, context.environment.target.dialect.classify);
  emit(seen, { outcome, family: FAMILY_OF[outcome] });
  return { outcome, status: seen.status };
}

async function observe(
  context: AskContext,
  session: Session,
  account: Account | undefined,
  place: Place,
  identity: StreamIdentity,
  startedAt: number,
): Promise<StreamObservation> {
  const { target, seed } = context.environment;
  try {
    const prepared = await session.prepare(account);
    const leased = account === undefined ? {} : { leased: now() - startedAt };
    return await context.driver.stream({
      transport: target.dialect.transport,
      request: buildRequest(context, prepared, place, identity.id),
      rules: context.rules,
      timeouts: target.timeouts,
      name: `${target.dialect.name} ${pathOf(target.url)}`,
      identity,
      startedAt,
      marks: leased,
      ...(target.maxConnections !== undefined && { maxConnections: target.maxConnections }),
      ...(target.tls && { tls: target.tls }),
      keepTimeline:
        seededFraction(seed, 'timeline', place.iteration, place.number) < TIMELINE_SHARE,
    });
  } catch (failure) {
    if (failure instanceof StepFailure) return notStarted(identity, startedAt, failure);
    throw failure;
  }
}

function buildRequest(
  { environment }: AskContext,
  { credentials, places, secrets }: Prepared,
  place: Place,
  id: string,
) {
  const { target, seed } = environment;
  const prompt =
    target.prompts[
      seededIndex(target.prompts.length, seed, 'prompt', place.iteration, place.index)
    ] ?? '';
  const values = { ...places, prompt, stream: { id } };
  const request = fillJson(target.request, values);
  return target.dialect.buildRequest({
    url: fillUrl(target.url, values),
    headers: fillHeaders(target.headers, values, secrets),
    request: isObject(request) ? request : {},
    credentials,
    prompt,
    epochMs: Date.now(),
    digest: k6Digest,
  });
}

function identify(
  { environment, scenario, driver, steps }: AskContext,
  account: Account | undefined,
  place: Place,
  attempt: number,
): StreamIdentity {
  const { run, instance, target } = environment;
  const step = steps[place.k6Scenario];
  return {
    id: `${instance}.${place.vu}.${place.vuIteration}.${place.number}`,
    ...(run !== undefined && { run }),
    instance,
    scenario,
    vu: place.vu,
    iteration: place.vuIteration,
    attempt,
    dialect: target.dialect.name,
    driver: driver.name,
    ...(account !== undefined && { account: account.id }),
    ...(step !== undefined && { step }),
  };
}

/** The record of a stream whose login or chain failed: it ends before its request was sent. */
function notStarted(
  identity: StreamIdentity,
  startedAt: number,
  failure: StepFailure,
): StreamObservation {
  const timedOut = failure.status === 0 && failure.errorCode === 1050;
  return {
    v: 1,
    ...identity,
    clock: 'user',
    startedAt,
    marks: { end: now() - startedAt },
    ...(failure.status !== 0 && { status: failure.status }),
    counts: {
      events: 0,
      answer: 0,
      reasoning: 0,
      tool: 0,
      other: 0,
      bytes: 0,
      malformed: 0,
      unterminated: 0,
    },
    error: {
      message: serverText(`${failure.message} ${failure.body}`),
      source: failure.status === 0 ? 'network' : 'http',
    },
    end: timedOut ? { by: 'timeout', timeout: 'headers' } : { by: 'refused' },
    answerLength: 0,
  };
}

/** The path as the target writes it, places unfilled: a tag must not grow with every stream. */
function pathOf(url: string): string {
  return url.replace(/^(\{base\}|[a-z]+:\/\/[^/?#]+)/, '').replace(/[?#].*$/s, '') || '/';
}
