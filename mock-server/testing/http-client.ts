import { once } from 'node:events';
import http from 'node:http';

export interface Seen {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** `end`: the body ended as HTTP says; otherwise the error code, such as ECONNRESET. */
  readonly ended: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** An object goes as JSON. */
  readonly body?: unknown;
  readonly agent?: http.Agent;
  /** Leaves when nothing has come for so long. */
  readonly idleMs?: number;
  /** Runs at each read; may destroy the response to leave. */
  onData?(response: http.IncomingMessage): void;
}

/** One HTTP request with everything that came back, cut short or not. */
export async function ask(url: string, options: AskOptions = {}): Promise<Seen> {
  const { method = 'POST', headers = {}, body = {}, agent = false, idleMs = 0, onData } = options;
  const request = http.request(url, { method, headers, agent, timeout: idleMs });
  // Also after the response has come: a reset is told to both.
  request.on('error', () => undefined);
  request.on('timeout', () => request.destroy());
  request.end(typeof body === 'string' ? body : JSON.stringify(body));
  const [response]: http.IncomingMessage[] = await once(request, 'response');
  if (response === undefined) throw new Error('no response');
  const pieces: Buffer[] = [];
  response.on('data', (piece: Buffer) => {
    pieces.push(piece);
    onData?.(response);
  });
  let ended = 'end';
  response.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code ?? error.message;
  });
  await once(response, 'close').catch(() => undefined);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(pieces).toString(),
    ended,
  };
}

/** The data of each event; enough for streams that are framed as the mock frames them. */
export function eventsOf(body: string): readonly string[] {
  return body
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) =>
      event
        .split('\n')
        .map((line) => line.replace(/^data: /, ''))
        .join('\n'),
    );
}

export function jsonEventsOf(body: string): readonly Record<string, unknown>[] {
  return eventsOf(body)
    .filter((data) => data.startsWith('{'))
    .map((data) => JSON.parse(data));
}
