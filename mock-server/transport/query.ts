/**
 * The query of a request target, percent-decoded. Unlike URLSearchParams it leaves a `+` alone: base64
 * signatures are sent raw by some clients. A value that cannot be decoded stays as it came.
 */
export function parseQuery(target: string): ReadonlyMap<string, string> {
  const start = target.indexOf('?');
  if (start < 0) return new Map();
  const pairs = target.slice(start + 1).split('&');
  return new Map(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      const name = equals < 0 ? pair : pair.slice(0, equals);
      return [decode(name), equals < 0 ? '' : decode(pair.slice(equals + 1))];
    }),
  );
}

export function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end < 0 ? target : target.slice(0, end);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
