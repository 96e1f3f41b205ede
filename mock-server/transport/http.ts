import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { Account } from '../accounts/account.ts';
import type { Refusal } from '../journal/journal.ts';
import type { AnswerForm, HttpAnswer, Refuse, StreamFailure } from '../streams/answer-form.ts';
import { faultNames } from '../streams/fault-choice.ts';
import {
  admit,
  planTurn,
  refuseTurn,
  type StreamDesk,
  startStream,
  type Turn,
} from '../streams/turn.ts';
import { createHttpSink } from './http-sink.ts';
import { openTurn } from './open-turn.ts';
import { failureOf, type HttpInput, type HttpProtocol, refusesInStream } from './protocol.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** When the head of the request had been read. */
    openedAt: number;
  }
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies readonly HTTPMethods[];

/** Registers the endpoint, and its vendor's own answer to other methods and oversized bodies. */
export function serveHttp(app: FastifyInstance, desk: StreamDesk, protocol: HttpProtocol): void {
  route(
    app,
    { method: 'POST', url: protocol.url, refuse: protocol.refuse },
    (input, request, reply) => handle(desk, protocol, { input, request, reply }),
  );
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly refuse: Refuse;
}

/** A path with one method. What is wrong before the handler is answered in the protocol's form. */
export function route(
  app: FastifyInstance,
  { method, url, refuse }: Route,
  handler: (input: HttpInput, request: FastifyRequest, reply: FastifyReply) => void,
): void {
  app.route({
    method,
    url,
    handler: (request, reply) => handler(inputOf(request), request, reply),
    errorHandler: (error, _request, reply) => {
      send(
        reply,
        refuse(error.code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? 'too-large' : 'bad-request'),
      );
    },
  });
  app.route({
    method: METHODS.filter((other) => other !== method),
    url,
    handler: (_request, reply) => send(reply.header('allow', method), refuse('method')),
  });
}

export function send(reply: FastifyReply, answer: HttpAnswer): void {
  reply
    .code(answer.status)
    .headers({ ...answer.headers, 'content-type': answer.contentType })
    .send(answer.body);
}

interface Exchange {
  readonly input: HttpInput;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

function handle(desk: StreamDesk, protocol: HttpProtocol, exchange: Exchange): void {
  const { input, request, reply } = exchange;
  const times = { openedAt: request.openedAt, requestAt: desk.clock.now() };
  const { turn, unknownFault } = openTurn(desk, protocol.name, request.raw, times);
  const refuse = (refused: Refusal, answer: HttpAnswer, account?: Account): void => {
    const bytes = Buffer.byteLength(answer.body);
    refuseTurn(desk, turn, refused, { bytes, ...(account !== undefined && { account }) });
    send(reply, answer);
  };
  if (unknownFault) {
    refuse('bad-request', protocol.refuse('bad-request', `faults are ${faultNames()}`));
    return;
  }
  const { fault } = turn;
  if (fault !== undefined && 'answer' in fault.fault) {
    refuse('fault', fault.fault.answer(protocol.refuse));
    return;
  }
  const who = protocol.identify(input);
  if (!who.ok) {
    refuse('auth', who.answer);
    return;
  }
  const account = who.value;
  const read = protocol.read(input, account, turn.random('ids'));
  if (!read.ok) {
    refuse('bad-request', read.answer, account);
    return;
  }
  answer(desk, protocol, { turn, account, form: read.value, reply, refuse });
}

interface Question {
  readonly turn: Turn;
  readonly account: Account;
  readonly form: AnswerForm;
  readonly reply: FastifyReply;
  refuse(refused: Refusal, answer: HttpAnswer, account: Account): void;
}

function answer(desk: StreamDesk, protocol: HttpProtocol, question: Question): void {
  const { turn, account, form, reply, refuse } = question;
  const admission = admit(desk, turn, account);
  if (!admission.admitted) {
    const failure = failureOf(admission.refused);
    const inStream = refusesInStream(protocol, account);
    refuse(admission.refused, inStream ? inBand(form, failure) : protocol.refuse(failure), account);
    return;
  }
  const { lease, seat } = admission;
  reply.hijack();
  const sink = createHttpSink(reply.raw, form.contentType);
  startStream(desk, turn, { account, lease, seat, plan: planTurn(desk, turn, form), sink });
}

function inBand(form: AnswerForm, failure: StreamFailure): HttpAnswer {
  return { status: 200, contentType: form.contentType, body: form.error(failure) };
}

function inputOf({ headers, params, body }: FastifyRequest): HttpInput {
  const named = typeof params === 'object' && params !== null ? Object.entries(params) : [];
  return {
    headers,
    params: Object.fromEntries(named.map(([name, value]) => [name, String(value)])),
    body: Buffer.isBuffer(body) ? body.toString() : '',
  };
}
