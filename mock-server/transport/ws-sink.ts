import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Sink } from '../streams/player.ts';

export interface WsPeer {
  readonly socket: WebSocket;
  /** The TCP connection under it. */
  readonly connection: Socket;
  /** The client may close now; if it does not, the server does so after a while. */
  awaitClose(): void;
}

/** Each write is one text message. */
export function createWsSink({ socket, connection, awaitClose }: WsPeer): Sink {
  return {
    start: () => undefined,
    write: (bytes) => {
      if (socket.readyState !== WebSocket.OPEN || connection.destroyed) return 'gone';
      socket.send(bytes, { binary: false });
      return connection.writableNeedDrain ? 'full' : 'taken';
    },
    end: (how, settled) => {
      if (how === 'cut') connection.destroySoon();
      if (how === 'reset') connection.resetAndDestroy();
      if (how !== 'clean') return;
      if (settled) awaitClose();
      else socket.close(1000);
    },
    destroy: () => connection.destroy(),
    onDrain: (run) => connection.once('drain', run),
    onGone: (run) => socket.once('close', run),
  };
}
