import type { ServerResponse } from 'node:http';
import type { Sink } from '../streams/player.ts';

const STREAM_HEADERS = { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' } as const;

/** A streamed body with chunked transfer coding. */
export function createHttpSink(response: ServerResponse, contentType: string): Sink {
  let ended = false;
  const { socket } = response;
  // Without a listener a client that resets would end the process; `close` follows anyway.
  response.on('error', () => undefined);
  return {
    start: () => {
      response.writeHead(200, { 'content-type': contentType, ...STREAM_HEADERS });
      response.flushHeaders();
    },
    write: (bytes) => {
      if (ended || response.destroyed || socket === null || socket.destroyed) return 'gone';
      const hasRoom = response.write(bytes);
      // Node holds the bytes back until the next tick, to join several writes. The journal's time is
      // that of the write, so they go out now.
      socket.uncork();
      return hasRoom ? 'taken' : 'full';
    },
    end: (how) => {
      ended = true;
      if (how === 'clean') response.end();
      if (how === 'cut') socket?.destroySoon();
      if (how === 'reset') socket?.resetAndDestroy();
    },
    destroy: () => {
      ended = true;
      response.destroy();
    },
    onDrain: (run) => response.once('drain', run),
    onGone: (run) => {
      response.once('close', () => {
        if (!ended) run();
      });
    },
  };
}
