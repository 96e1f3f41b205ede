import http from 'k6/http';
import { now } from 'k6/x/weir';
import { type Collector, createCollector } from '../../dialects/collect.ts';
import { createNdjsonParser } from '../../framing/ndjson.ts';
import { createSseParser, FramingError } from '../../framing/sse.ts';
import type { StreamEnd, StreamError } from '../../stream/record.ts';
import { serverText, utf8Length } from '../../stream/server-text.ts';
import type { Driver, DriverRequest } from './driver.ts';
import { observationOf, type Transport } from './observation.ts';

/**
 * Stock `http.asyncRequest`: the body is there when it has ended, so nothing between headers and end
 * can be timed, only counted. k6 knows one timeout, used as total; a stall strikes as that.
 */
export const bufferedDriver: Driver = {
  name: 'buffered',
  cannotMeasure: [
    'stream_first_event',
    'stream_ttft',
    'stream_ttfa',
    'stream_gap_p50',
    'stream_gap_p99',
    'stream_max_gap',
    'stream_stalls',
    'stream_tpot',
    'stream_duration',
    'stream_close_lag',
  ],
  stream: async (request) => {
    const calledAt = now() - request.startedAt;
    const answer = await http.asyncRequest('POST', request.request.url, request.request.body, {
      headers: { ...request.request.headers },
      timeout: request.timeouts.totalMs,
      redirects: 0,
      responseType: 'text',
      tags: { name: request.name },
    });
    return read(request, answer, calledAt);
  },
};

type Answer = Awaited<ReturnType<typeof http.asyncRequest>>;

/** k6's error codes, by what they say of the end: grafana.com/docs/k6 › error codes. */
const TIMEOUT = 1050;
const isDns = (code: number): boolean => code >= 1100 && code < 1200;
const isTls = (code: number): boolean => code >= 1300 && code < 1400;

function read(request: DriverRequest, answer: Answer, calledAt: number) {
  const body = typeof answer.body === 'string' ? answer.body : '';
  const collector = createCollector(request.rules);
  const streamed = isStream(request, answer) || (answer.status === 0 && body !== '');
  const frames = streamed ? readFrames(request, body, collector) : { unterminated: 0 };
  const collected = collector.collected();
  const complete = collected.completeAt !== undefined || collected.error !== undefined;
  const error = streamed ? transportError(answer) : refusalError(request, answer, body);
  const transport: Transport = {
    marks: marksOf(answer, calledAt),
    counts: { bytes: utf8Length(body), ...frames },
    ...(answer.status !== 0 && {
      status: answer.status,
      connection: { reused: answer.timings.connecting === 0, protocol: answer.proto },
    }),
    ...(error && { error }),
    end: complete ? { by: 'complete' } : endOf(answer, streamed),
    endedAt: calledAt + elapsed(answer),
    stamped: false,
  };
  return observationOf(request, collected, transport);
}

function isStream({ rules }: DriverRequest, { status, headers }: Answer): boolean {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  const media = (type ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const wanted =
    rules.framing === 'sse'
      ? ['text/event-stream']
      : ['application/x-ndjson', 'application/json', 'application/jsonl'];
  return status >= 200 && status < 300 && wanted.includes(media);
}

/** All frames arrived together, as far as anybody here knows. */
function readFrames({ rules }: DriverRequest, body: string, collector: Collector) {
  try {
    if (rules.framing === 'sse') {
      const parser = createSseParser({ onEvent: (event) => void collector.push(event, 0) });
      parser.push(body);
      return parser.end();
    }
    const parser = createNdjsonParser((data) => void collector.push({ data }, 0));
    parser.push(body);
    return parser.end();
  } catch (error) {
    if (!(error instanceof FramingError)) throw error;
    collector.push({ data: '\0' }, 0);
    return { unterminated: 0 };
  }
}

/** k6's own phases, one after the other from the call on. */
function marksOf({ timings, status }: Answer, calledAt: number): Transport['marks'] {
  if (status === 0 && timings.sending === 0) return {};
  const connected = calledAt + timings.blocked + timings.connecting;
  const tls = connected + timings.tls_handshaking;
  const sent = tls + timings.sending;
  return {
    ...(timings.connecting > 0 && { connected }),
    ...(timings.tls_handshaking > 0 && { tls }),
    sent,
    ...(status !== 0 && { headers: sent + timings.waiting }),
  };
}

function elapsed({ timings }: Answer): number {
  return timings.blocked + timings.connecting + timings.tls_handshaking + timings.duration;
}

function endOf({ error_code, status }: Answer, streamed: boolean): StreamEnd {
  if (error_code === TIMEOUT) return { by: 'timeout', timeout: 'total' };
  if (isDns(error_code)) return { by: 'dns' };
  if (isTls(error_code)) return { by: 'tls' };
  if (!streamed) return { by: 'refused' };
  return { by: status === 0 || error_code !== 0 ? 'reset' : 'eof' };
}

function transportError({ error }: Answer): StreamError | undefined {
  return error === '' ? undefined : { message: withoutUrl(error), source: 'network' };
}

/** What the service said: by the rules' paths where it is JSON, else its first words. */
function refusalError(
  { rules }: DriverRequest,
  answer: Answer,
  body: string,
): StreamError | undefined {
  if (answer.status === 0) return transportError(answer);
  const probe = createCollector({ ...rules, error: [{ path: '', is: 'present' }] });
  probe.push({ data: body }, 0);
  const { code, message } = probe.collected().error ?? {};
  const isSuccess = answer.status >= 200 && answer.status < 300;
  const words = isSuccess ? 'the answer is not a stream' : serverText(body);
  return {
    ...(code !== undefined && { code }),
    message: message ?? words,
    source: 'http',
  };
}

/** Go's errors quote the URL with its query. */
function withoutUrl(error: string): string {
  return serverText(error.replace(/"[a-z]+:\/\/[^"]*"/g, '').replace(/\?\S*/g, ''));
}
