/** Text that a server chose enters no record, log or terminal before it went through here. */
const MAX_CODE_POINTS = 200;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g;

/** Control and direction characters become one space; at most 200 code points remain. */
export function serverText(text: string): string {
  const clean = text
    .slice(0, 4 * MAX_CODE_POINTS)
    .replace(CONTROL, ' ')
    .trim();
  const points = [...clean];
  return points.length > MAX_CODE_POINTS ? points.slice(0, MAX_CODE_POINTS).join('') : clean;
}

/** Bytes of a text in UTF-8, without encoding it. A lone surrogate is counted as its replacement. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
