import type { Counts, StreamError, Usage } from '../stream/record.ts';
import { serverText } from '../stream/server-text.ts';
import { type CompiledRules, compileRules, type Frame, hits, type Kind } from './compiled-rules.ts';
import { type CompiledPath, findAt } from './paths.ts';
import { MAX_JSON_DEPTH, type StreamRules } from './rules.ts';

/** What the rules made of the frames so far. Times are the caller's, passed through. */
export interface Collected {
  readonly counts: Pick<Counts, 'events' | 'answer' | 'reasoning' | 'tool' | 'other' | 'malformed'>;
  /** Arrival of every content frame. */
  readonly contentAt: readonly number[];
  readonly firstEventAt?: number;
  readonly firstAnswerAt?: number;
  readonly firstReasoningAt?: number;
  readonly completeAt?: number;
  readonly error?: StreamError;
  readonly finish?: string;
  readonly traceId?: string;
  readonly usage?: Usage;
  readonly sequence?: { missing: number; repeated: number; reordered: number };
  /** Unicode code points of answer text. */
  readonly answerLength: number;
  readonly afterEndEvents: number;
}

export interface Collector {
  /** `end`: all end rules are met; `error`: an in-band failure. Then the stream is over. */
  push(frame: Frame, at: number): 'more' | 'end' | 'error';
  collected(): Collected;
}

/**
 * Interprets rules (rules.ts has the order of questions) for drivers that see frames in JavaScript.
 * The extension does the same in Go; shared vectors hold both equal.
 */
export function createCollector(rules: StreamRules): Collector {
  const compiled = compileRules(rules);
  const counts = { events: 0, answer: 0, reasoning: 0, tool: 0, other: 0, malformed: 0 };
  const contentAt: number[] = [];
  const endSeen = rules.end.map(() => false);
  const marks: {
    firstEventAt?: number;
    firstAnswerAt?: number;
    firstReasoningAt?: number;
    completeAt?: number;
  } = {};
  const found: { error?: StreamError; finish?: string; traceId?: string; usage?: Usage } = {};
  const previous: Partial<Record<Kind, string>> = {};
  const sequence = createSequence();
  let answerLength = 0;
  let afterEndEvents = 0;

  function push(frame: Frame, at: number): 'more' | 'end' | 'error' {
    if (marks.completeAt !== undefined || found.error !== undefined) {
      afterEndEvents += 1;
      return found.error ? 'error' : 'end';
    }
    counts.events += 1;
    marks.firstEventAt ??= at;
    const literal = compiled.matches.some(
      (match) => match.data !== undefined && hits(match, frame),
    );
    const parsed = literal ? undefined : parseFrame(frame.data);
    if (!literal && parsed === undefined && !compiled.plainText) {
      counts.malformed += 1;
      return 'more';
    }
    return read(frame, parsed?.value, literal, at);
  }

  function read(frame: Frame, value: unknown, literal: boolean, at: number) {
    if (compiled.error.some((match) => hits(match, frame, value))) {
      counts.other += 1;
      found.error = readError(compiled, frame, value);
      if (!literal) extract(frame, value);
      return 'error';
    }
    countContent(literal ? undefined : contentOf(frame, value), at);
    if (!literal) extract(frame, value);
    compiled.end.forEach((match, index) => {
      if (hits(match, frame, value)) endSeen[index] = true;
    });
    if (!endSeen.every(Boolean)) return 'more';
    marks.completeAt = at;
    return 'end';
  }

  /** The first kind, in the order answer, reasoning, tool, with a text that says something new. */
  function contentOf(frame: Frame, value: unknown): Content | undefined {
    for (const { kind, paths } of compiled.content) {
      const text = firstText(paths, frame, value);
      const fresh = text === undefined || rules.delta === 'incremental' ? text : growth(kind, text);
      if (fresh !== undefined) return { kind, text: fresh };
    }
    return undefined;
  }

  /** What a cumulative text adds to the last one of its kind; a rewritten text counts as a whole. */
  function growth(kind: Kind, text: string): string | undefined {
    const before = previous[kind] ?? '';
    if (text === before) return undefined;
    previous[kind] = text;
    if (text.startsWith(before)) return text.slice(before.length);
    if (kind === 'answer') answerLength = 0;
    return text;
  }

  function countContent(content: Content | undefined, at: number): void {
    if (content === undefined) {
      counts.other += 1;
      return;
    }
    counts[content.kind] += 1;
    contentAt.push(at);
    if (content.kind === 'answer') {
      marks.firstAnswerAt ??= at;
      answerLength += codePoints(content.text);
    } else if (content.kind === 'reasoning') {
      marks.firstReasoningAt ??= at;
    }
  }

  function extract(frame: Frame, value: unknown): void {
    const finish = firstScalar(compiled.finish, frame, value);
    if (finish !== undefined) found.finish = serverText(finish);
    const traceId = found.traceId ?? firstScalar(compiled.traceId, frame, value);
    if (traceId !== undefined) found.traceId ??= serverText(traceId);
    for (const [name, path] of compiled.usage) {
      const tokens = firstAt([path], frame, value, isNumber);
      if (typeof tokens === 'number') found.usage = { ...found.usage, [name]: tokens };
    }
    if (compiled.sequence) {
      const number = firstAt([compiled.sequence], frame, value, isNumber);
      if (typeof number === 'number') sequence.push(number);
    }
  }

  return {
    push,
    collected: () => ({
      counts,
      contentAt,
      ...marks,
      ...found,
      ...(compiled.sequence && sequence.seen() && { sequence: sequence.result() }),
      answerLength,
      afterEndEvents,
    }),
  };
}

interface Content {
  readonly kind: Kind;
  readonly text: string;
}

function readError(rules: CompiledRules, frame: Frame, value: unknown): StreamError {
  const code = firstScalar(rules.errorCode, frame, value);
  const message = firstScalar(rules.errorMessage, frame, value);
  return {
    ...(code !== undefined && { code: serverText(code) }),
    ...(message !== undefined && { message: serverText(message) }),
    source: 'frame',
  };
}

function firstText(
  paths: readonly CompiledPath[],
  frame: Frame,
  value: unknown,
): string | undefined {
  const text = firstAt(paths, frame, value, isText);
  return typeof text === 'string' ? text : undefined;
}

function firstScalar(
  paths: readonly CompiledPath[],
  frame: Frame,
  value: unknown,
): string | undefined {
  const scalar = firstAt(paths, frame, value, isScalar);
  return scalar === undefined ? undefined : String(scalar);
}

/** The empty path is the frame's data as it came. */
function firstAt(
  paths: readonly CompiledPath[],
  frame: Frame,
  value: unknown,
  holds: (value: unknown) => boolean,
): unknown {
  for (const path of paths) {
    const found = findAt(path.length === 0 ? frame.data : value, path, holds);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isScalar = (value: unknown): boolean => isText(value) || isNumber(value);

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Undefined: not one JSON value, or nested too deep. */
function parseFrame(data: string): { readonly value: unknown } | undefined {
  if (data.length > 2 * MAX_JSON_DEPTH && tooDeep(data)) return undefined;
  try {
    return { value: JSON.parse(data) };
  } catch {
    return undefined;
  }
}

function tooDeep(data: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < data.length; i += 1) {
    const char = data[i];
    if (quoted) {
      if (char === '\\') i += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if (char === '}' || char === ']') depth -= 1;
  }
  return false;
}

/** Frame numbers: a jump ahead is missing frames, the same again a repeat, a smaller one disorder. */
function createSequence() {
  const result = { missing: 0, repeated: 0, reordered: 0 };
  let highest: number | undefined;
  let last: number | undefined;
  return {
    push(number: number): void {
      if (highest === undefined) highest = number;
      else if (number === last) result.repeated += 1;
      else if (number < highest) {
        result.reordered += 1;
        result.missing = Math.max(0, result.missing - 1);
      } else if (number === highest) result.repeated += 1;
      else {
        result.missing += number - highest - 1;
        highest = number;
      }
      last = number;
    },
    seen: () => highest !== undefined,
    result: () => result,
  };
}
