import { connect, httpStream } from 'k6/x/weir';
import type { StreamObservation } from '../../stream/record.ts';
import type { Driver, DriverRequest } from './driver.ts';

/** Streams over HTTP and WebSocket, read and measured in Go. */
export const extensionDriver: Driver = {
  name: 'extension',
  cannotMeasure: [],
  stream: (request) =>
    request.transport === 'websocket' ? overWebSocket(request) : overHttp(request),
};

function overHttp(request: DriverRequest): Promise<StreamObservation> {
  return httpStream({ ...opening(request), ...reading(request), body: request.request.body });
}

/** One question a connection, which closes as soon as it is answered: so do the vendors' clients. */
async function overWebSocket(request: DriverRequest): Promise<StreamObservation> {
  const connection = await connect(opening(request));
  return connection.exchange(request.request.body, { ...reading(request), close: true });
}

function opening(request: DriverRequest) {
  const { timeouts, maxConnections, tls } = request;
  return {
    url: request.request.url,
    headers: { ...request.request.headers },
    timeouts: {
      connectMs: timeouts.connectMs,
      headersMs: timeouts.headersMs,
      firstEventMs: timeouts.firstEventMs,
      idleMs: timeouts.idleMs,
      totalMs: timeouts.totalMs,
    },
    name: request.name,
    identity: request.identity,
    startedAt: request.startedAt,
    marks: { ...request.marks },
    ...(maxConnections !== undefined && { maxConnections }),
    ...(tls && { tls: { ...tls } }),
  };
}

function reading({ rules, timeouts, keepTimeline }: DriverRequest) {
  return { rules, stallMs: timeouts.stallMs, timeline: keepTimeline, keep: 'none' } as const;
}
