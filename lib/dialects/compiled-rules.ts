import { type CompiledPath, compilePath, findAt } from './paths.ts';
import type { Match, Path, StreamRules } from './rules.ts';

/** One SSE event, one NDJSON line or one WebSocket text message. */
export interface Frame {
  readonly event?: string;
  readonly data: string;
}

export type Kind = 'answer' | 'reasoning' | 'tool';

interface CompiledMatch {
  readonly event?: string;
  readonly data?: string;
  readonly path?: CompiledPath;
  readonly holds: (value: unknown) => boolean;
}

export type CompiledRules = ReturnType<typeof compileRules>;

export function compileRules(rules: StreamRules) {
  const list = (paths: readonly Path[] = []) => paths.map(compilePath);
  const content = (['answer', 'reasoning', 'tool'] as const).map((kind) => ({
    kind,
    paths: list(rules[kind]),
  }));
  const error = rules.error.map(compileMatch);
  const end = rules.end.map(compileMatch);
  return {
    content,
    /** Every content path is the empty one: data that is not JSON is fine. */
    plainText: content.every(({ paths }) => paths.every((path) => path.length === 0)),
    error,
    end,
    matches: [...error, ...end],
    errorCode: list(rules.errorCode),
    errorMessage: list(rules.errorMessage),
    finish: list(rules.finish),
    traceId: list(rules.traceId),
    usage: Object.entries(rules.usage ?? {}).map(
      ([name, path]) => [name, compilePath(path)] as const,
    ),
    ...(rules.sequence !== undefined && { sequence: compilePath(rules.sequence) }),
  };
}

function compileMatch({ event, data, path, is = 'present' }: Match): CompiledMatch {
  return {
    ...(event !== undefined && { event }),
    ...(data !== undefined && { data }),
    ...(path !== undefined && { path: compilePath(path) }),
    holds: question(is),
  };
}

function question(is: NonNullable<Match['is']>): (value: unknown) => boolean {
  if (is === 'present') return (value) => value !== undefined && value !== null;
  if (is === 'truthy') return Boolean;
  if (is === 'non-zero') {
    return (value) => !(value === undefined || value === null || isZero(value));
  }
  const wanted: readonly (string | number | boolean)[] = 'equal' in is ? [is.equal] : is.oneOf;
  return (value) => wanted.some((item) => same(item, value));
}

function isZero(value: unknown): boolean {
  return value === 0 || value === '0' || value === '' || value === false;
}

/** A number and its decimal string are equal. */
function same(a: string | number | boolean, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'number' && typeof b === 'string') return String(a) === b;
  return typeof a === 'string' && typeof b === 'number' && String(b) === a;
}

export function hits(match: CompiledMatch, frame: Frame, value?: unknown): boolean {
  if (match.event !== undefined && match.event !== (frame.event ?? 'message')) return false;
  if (match.data !== undefined && match.data !== frame.data) return false;
  if (match.path === undefined) return true;
  if (match.path.length === 0) return match.holds(frame.data);
  return findAt(value, match.path, match.holds) !== undefined;
}
