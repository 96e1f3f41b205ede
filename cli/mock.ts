import { readFileSync } from 'node:fs';
import { ConfigError } from '../lib/config/config-error.ts';
import { parseJson } from '../lib/config/fields.ts';
import { parseMockOptions } from '../mock-server/options.ts';
import { startMockServer } from '../mock-server/server.ts';

export interface MockCommandOptions {
  readonly port?: string;
  readonly host?: string;
  readonly config?: string;
  readonly journal?: string;
}

/**
 * Serves until SIGINT or SIGTERM. Prints one JSON line on stdout when it is ready:
 * `{"url": "http://127.0.0.1:…", "wsUrl": "ws://127.0.0.1:…"}`.
 */
export async function runMock(options: MockCommandOptions): Promise<void> {
  const config = options.config === undefined ? {} : readConfig(options.config);
  const server = await startMockServer({
    ...config,
    ...(options.port !== undefined && { port: readPort(options.port) }),
    ...(options.host !== undefined && { host: options.host }),
    ...(options.journal !== undefined && { journalFile: options.journal }),
  });
  process.stdout.write(`${JSON.stringify({ url: server.url, wsUrl: server.wsUrl })}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
}

function readConfig(file: string): ReturnType<typeof parseMockOptions> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new ConfigError(file, 'must be a readable file');
  }
  return parseMockOptions(parseJson(text, file));
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new ConfigError('--port', 'must be a whole number from 0 to 65535', JSON.stringify(text));
}
