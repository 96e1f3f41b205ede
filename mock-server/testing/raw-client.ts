import { connect, type Socket } from 'node:net';

/** A TCP connection that shows what HTTP clients hide: FIN or RST, and whether it is still open. */
export interface RawConnection {
  readonly socket: Socket;
  text(): string;
  /** How the server ended it. */
  readonly ended: Promise<'fin' | 'reset'>;
}

export function openRaw(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  // Half-open, so that a FIN is told apart from what we would answer it with.
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  const ended = new Promise<'fin' | 'reset'>((resolve) => {
    socket.on('end', () => {
      resolve('fin');
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') resolve('reset');
    });
  });
  return { socket, ended, text: () => Buffer.concat(pieces).toString() };
}

export function sendPost(raw: RawConnection, path: string, body: string, fault: string): void {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `X-Mock-Fault: ${fault}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  raw.socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Upgrade and question in one write: the frame is masked with zeros, so it can be read. */
export function sendWsQuestion(raw: RawConnection, path: string, question: string): void {
  const head = [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  raw.socket.write(`${head.join('\r\n')}\r\n\r\n`);
  raw.socket.write(maskedFrame(0x1, Buffer.from(question)));
}

export function sendClose(raw: RawConnection): void {
  raw.socket.write(maskedFrame(0x8, Buffer.from([0x03, 0xe8])));
}

/** RFC 6455 §5.2, for payloads below 64 KiB. */
function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const final = 0x80;
  const masked = 0x80;
  const length =
    payload.length < 126
      ? [masked | payload.length]
      : [masked | 126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([final | opcode, ...length, 0, 0, 0, 0]), payload]);
}
