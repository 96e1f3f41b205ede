/**
 * Server-Sent Events as a browser reads them: text in, events out. Pieces may be cut anywhere. Bytes
 * must come through a streaming decoder that keeps the byte order mark (`ignoreBOM: true`).
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html sections 9.2.5 and 9.2.6
 */
export interface SseEvent {
  /** `message` when the stream named none. */
  readonly event: string;
  readonly data: string;
  /** The last event id as it stood at this event; absent while it is empty. */
  readonly id?: string;
}

export interface SseOptions {
  readonly onEvent: (event: SseEvent) => void;
  /**
   * What becomes of an event without its blank line. The standard drops it; gateways that close
   * right after the last data line are common, and dropping would turn a complete answer into a
   * truncated one. Default `dispatch`.
   */
  readonly atEof?: 'dispatch' | 'drop';
}

export interface SseParser {
  /** @throws FramingError past a bound; the parser is of no use then */
  push(text: string): void;
  /** The stream ended in order. */
  end(): { readonly comments: number; readonly unterminated: 0 | 1 };
}

/** A peer that never ends a line or an event must not fill the memory. */
export const MAX_LINE_CHARS = 1_048_576;
export const MAX_EVENT_CHARS = 4_194_304;

export class FramingError extends Error {
  override readonly name = 'FramingError';
}

export function createSseParser({ onEvent, atEof = 'dispatch' }: SseOptions): SseParser {
  let line = '';
  let data: string[] = [];
  let dataChars = 0;
  let event = '';
  let id = '';
  let comments = 0;
  let started = false;
  // A CR ended the last piece: an LF at the start of the next one belongs to it.
  let skipLf = false;

  function push(text: string): void {
    let at = skipLf && text.startsWith('\n') ? 1 : 0;
    if (text !== '') skipLf = false;
    while (at < text.length) {
      const end = lineEnd(text, at);
      if (end === -1) {
        hold(text.slice(at));
        return;
      }
      hold(text.slice(at, end));
      at = end + 1;
      if (text[end] === '\r') {
        if (at === text.length) skipLf = true;
        else if (text[at] === '\n') at += 1;
      }
      endLine();
    }
  }

  function hold(part: string): void {
    line += part;
    if (line.length > MAX_LINE_CHARS) {
      throw new FramingError(`a line is longer than ${MAX_LINE_CHARS} characters`);
    }
  }

  function endLine(): void {
    const whole = started ? line : line.replace(/^\ufeff/, '');
    started = true;
    line = '';
    if (whole === '') dispatch();
    else field(whole);
  }

  function field(whole: string): void {
    const colon = whole.indexOf(':');
    if (colon === 0) {
      comments += 1;
      return;
    }
    const name = colon === -1 ? whole : whole.slice(0, colon);
    const value = colon === -1 ? '' : whole.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') {
      dataChars += value.length + 1;
      if (dataChars > MAX_EVENT_CHARS) {
        throw new FramingError(`an event is longer than ${MAX_EVENT_CHARS} characters`);
      }
      data.push(value);
    } else if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
  }

  function dispatch(): void {
    const type = event === '' ? 'message' : event;
    event = '';
    if (data.length === 0) return;
    const text = data.join('\n');
    data = [];
    dataChars = 0;
    onEvent({ event: type, data: text, ...(id !== '' && { id }) });
  }

  return {
    push,
    end: () => {
      if (line !== '') endLine();
      const unterminated = data.length > 0 ? 1 : 0;
      if (atEof === 'dispatch') dispatch();
      data = [];
      return { comments, unterminated };
    },
  };
}

/** Position of the next CR or LF; -1 without one. */
function lineEnd(text: string, from: number): number {
  const lf = text.indexOf('\n', from);
  const cr = text.slice(from, lf === -1 ? text.length : lf).indexOf('\r');
  return cr === -1 ? lf : from + cr;
}
