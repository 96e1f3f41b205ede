import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isObject } from '../lib/config/fields.ts';
import { serverText } from '../lib/stream/server-text.ts';
import type { RunLog } from './verdict.ts';

/** k6 writes these when a script calls exec.test.fail or exec.test.abort. */
const MARKED_AS_FAILED = /weir: unexpected exception in an iteration: (.*)/s;
const ABORTED = /test aborted: (?:weir: )?(.*)/s;

/** Reads k6.log, line by line. */
export async function readRunLog(file: string): Promise<RunLog> {
  if (!existsSync(file)) return {};
  let scriptError: string | undefined;
  let abortReason: string | undefined;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: 1e9 })) {
    const message = logMessage(line);
    scriptError ??= MARKED_AS_FAILED.exec(message)?.[1];
    abortReason ??= ABORTED.exec(message)?.[1];
  }
  return {
    ...(scriptError !== undefined && { scriptError: serverText(scriptError) }),
    ...(abortReason !== undefined && { abortReason: serverText(abortReason) }),
  };
}

/** The text of one line of k6's log, JSON or, on stock k6, as it is. */
export function logMessage(line: string): string {
  try {
    const entry: unknown = JSON.parse(line);
    return isObject(entry) ? `${entry['msg'] ?? ''} ${entry['error'] ?? ''}` : line;
  } catch {
    return line;
  }
}
