import { clearTimeout, setTimeout, type TimeoutID } from 'k6/timers';
import { WebSocket } from 'k6/websockets';
import { now } from 'k6/x/weir';
import { type Collected, createCollector } from '../../dialects/collect.ts';
import type {
  StreamEnd,
  StreamError,
  StreamObservation,
  TimeoutName,
} from '../../stream/record.ts';
import { serverText, utf8Length } from '../../stream/server-text.ts';
import type { Driver, DriverRequest } from './driver.ts';
import { observationOf, type Transport } from './observation.ts';

/**
 * Stock `k6/websockets`. Arrivals are stamped by `event.timestamp`, right after the socket read.
 * What this driver cannot see: the status of a refused upgrade, the phases of a connection, a reset
 * as distinct from other abnormal ends, and streams cut by the end of the run. A peer that never
 * answers a Close frame keeps k6 alive for ever: run it under a watchdog.
 */
export const websocketsDriver: Driver = {
  name: 'websockets',
  cannotMeasure: ['stream_connect', 'stream_headers'],
  stream: (request) => new Promise((resolve) => open(request, resolve)),
};

/** How long the peer may take to answer our Close before the stream counts as ended. */
const CLOSE_WAIT_MS = 500;

interface Seen {
  readonly marks: { headers?: number; sent?: number; firstByte?: number };
  state: 'more' | 'end' | 'error';
  bytes: number;
  afterBytes: number;
  error?: StreamError;
  settled: boolean;
}

function open(request: DriverRequest, resolve: (seen: StreamObservation) => void): void {
  const { rules, timeouts, startedAt } = request;
  const collector = createCollector(rules);
  const timers = createTimers();
  const after = (epochMs: number): number => epochMs - startedAt;
  const seen: Seen = { marks: {}, state: 'more', bytes: 0, afterBytes: 0, settled: false };
  const socket = new WebSocket(request.request.url, null, {
    headers: { ...request.request.headers },
    tags: { name: request.name },
  });

  function settle(end: StreamEnd, at: number): void {
    if (seen.settled) return;
    seen.settled = true;
    timers.stopAll();
    const collected = collector.collected();
    resolve(observationOf(request, collected, transport(seen, end, after(at), collected)));
  }

  function expire(timeout: TimeoutName): void {
    settle({ by: 'timeout', timeout }, now());
    close(socket);
  }

  socket.addEventListener('open', (event) => {
    if (seen.settled) return close(socket);
    seen.marks.headers = after(stampOf(event));
    timers.stop('connect');
    timers.start('first-event', timeouts.firstEventMs, expire);
    seen.marks.sent = after(now());
    socket.send(request.request.body);
  });

  socket.addEventListener('message', (event) => {
    if (seen.settled) return;
    const at = after(stampOf(event));
    seen.marks.firstByte ??= at;
    timers.stop('first-event');
    if (seen.state === 'more') timers.start('idle', timeouts.idleMs, expire);
    const data: unknown = Reflect.get(event, 'data');
    // No dialect of this driver answers in binary; such a message says nothing.
    if (typeof data !== 'string') return;
    if (seen.state === 'more') seen.bytes += utf8Length(data);
    else seen.afterBytes += utf8Length(data);
    const before = seen.state;
    seen.state = collector.push({ data }, at);
    if (before === 'more' && seen.state !== 'more') finish();
  });

  /** The protocol said it is over: we close, as the vendors' own clients do. */
  function finish(): void {
    timers.stopAll();
    close(socket);
    timers.start('close', CLOSE_WAIT_MS, () => settle({ by: 'complete' }, now()));
  }

  socket.addEventListener('error', (event) => {
    const message = serverText(withoutQuery(String(Reflect.get(event, 'error'))));
    seen.error ??= { message, source: seen.marks.headers === undefined ? 'network' : 'close' };
  });

  socket.addEventListener('close', (event) => {
    const code: unknown = Reflect.get(event, 'code');
    settle(endOf(seen, typeof code === 'number' ? code : undefined), stampOf(event));
  });

  timers.start('connect', timeouts.connectMs, expire);
  timers.start('total', timeouts.totalMs, expire);
}

function endOf(seen: Seen, code: number | undefined): StreamEnd {
  const withCode = code === undefined ? {} : { closeCode: code };
  if (seen.state !== 'more') return { by: 'complete', ...withCode };
  if (seen.marks.headers === undefined) return { by: 'refused' };
  // Without any code the transport broke; 1006 stands for a missing Close frame.
  if (code === undefined || code === 1006) return { by: 'reset', ...withCode };
  return { by: 'close', ...withCode };
}

function transport(
  seen: Seen,
  end: StreamEnd,
  endedAt: number,
  { afterEndEvents }: Collected,
): Transport {
  const open = seen.marks.headers !== undefined;
  return {
    marks: seen.marks,
    counts: { bytes: seen.bytes, unterminated: 0 },
    ...(open && { connection: { reused: false, protocol: 'websocket' }, status: 101 }),
    ...(seen.error && { error: seen.error }),
    ...(afterEndEvents > 0 && { afterEnd: { events: afterEndEvents, bytes: seen.afterBytes } }),
    end,
    endedAt,
    stamped: true,
  };
}

/** Epoch ms of the socket read; @types/k6 does not know it, nor the code of a close event. */
function stampOf(event: object): number {
  return Number(Reflect.get(event, 'timestamp'));
}

/** Throws when the socket never opened; then there is nothing to close. */
function close(socket: WebSocket): void {
  try {
    socket.close(1000);
  } catch {
    // k6 drops the dial by itself when the iteration ends.
  }
}

/** A signed URL's query must not get into a record: Go's errors quote the whole URL. */
function withoutQuery(message: string): string {
  return message.replace(/\?[^\s"]*/g, '');
}

type TimerName = TimeoutName | 'close';

function createTimers() {
  const running = new Map<TimerName, TimeoutID>();
  const stop = (name: TimerName): void => {
    const id = running.get(name);
    if (id !== undefined) clearTimeout(id);
    running.delete(name);
  };
  return {
    stop,
    start<T extends TimerName>(name: T, ms: number, strike: (name: T) => void): void {
      stop(name);
      running.set(
        name,
        setTimeout(() => strike(name), ms),
      );
    },
    stopAll(): void {
      for (const name of [...running.keys()]) stop(name);
    },
  };
}
