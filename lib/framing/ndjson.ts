import { FramingError, MAX_LINE_CHARS } from './sse.ts';

/** Newline-delimited JSON: one frame a line, blank lines are none. A last line may lack its end. */
export function createNdjsonParser(onLine: (line: string) => void) {
  let rest = '';
  const emit = (line: string): void => {
    if (line.trim() !== '') onLine(line.replace(/\r$/, ''));
  };
  return {
    /** @throws FramingError past the bound of a line */
    push(text: string): void {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_CHARS || lines.some((line) => line.length > MAX_LINE_CHARS)) {
        throw new FramingError(`a line is longer than ${MAX_LINE_CHARS} characters`);
      }
      for (const line of lines) emit(line);
    },
    end(): { readonly unterminated: 0 | 1 } {
      const unterminated = rest.trim() === '' ? 0 : 1;
      emit(rest);
      rest = '';
      return { unterminated };
    },
  };
}
