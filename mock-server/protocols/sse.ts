/** One event; a line break in the data becomes a further `data:` line. */
export function sseEvent(data: string): string {
  const lines = data.split('\n').map((line) => `data: ${line}\n`);
  return `${lines.join('')}\n`;
}

export const SSE_TYPE = 'text/event-stream; charset=utf-8';
