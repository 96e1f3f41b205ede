import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Heard {
  /** 101, or the status of the refused upgrade. */
  readonly status: number;
  readonly contentType?: string;
  /** Of the refused upgrade. */
  readonly body: string;
  readonly frames: readonly Record<string, unknown>[];
  /** 1006: the connection ended without a Close frame. */
  readonly closeCode: number;
}

export interface TalkOptions {
  readonly headers?: Record<string, string>;
  /** Text to send as it is; undefined sends nothing. */
  readonly message?: string | undefined;
  /** Leaves without a Close when it fires. */
  readonly leave?: AbortSignal;
  /** Runs at each frame; may close the socket. */
  onFrame?(frame: Record<string, unknown>, socket: WebSocket): void;
}

/** Asks one question as ChatDoc's own clients do: closes with 1000 at status 2 or at an error code. */
export async function talk(url: string, options: TalkOptions = {}): Promise<Heard> {
  const { headers = {}, message, leave, onFrame = closeAtTheEnd } = options;
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  const frames: Record<string, unknown>[] = [];
  socket.on('message', (data) => {
    const frame = JSON.parse(data.toString());
    frames.push(frame);
    onFrame(frame, socket);
  });
  socket.on('error', () => undefined);
  leave?.addEventListener('abort', () => socket.terminate());
  socket.on('open', () => message !== undefined && socket.send(message));
  const refused = new Promise<Heard>((resolve) => {
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (piece: Buffer) => {
        body += piece.toString();
      });
      response.on('end', () => {
        const contentType = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, contentType, body, frames, closeCode: 0 });
      });
    });
  });
  const closed = once(socket, 'close').then(
    ([closeCode]): Heard => ({ status: 101, body: '', frames, closeCode }),
  );
  return Promise.race([refused, closed]);
}

export function closeAtTheEnd(frame: Record<string, unknown>, socket: WebSocket): void {
  if (frame['status'] === 2 || frame['code'] !== 0) socket.close(1000);
}

export const QUESTION = JSON.stringify({
  fileIds: ['f1'],
  messages: [{ role: 'user', content: 'What ends a stream?' }],
});
