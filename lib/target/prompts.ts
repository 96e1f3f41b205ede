import { ConfigError } from '../config/config-error.ts';

/** Asked when a target names no prompts file. */
export const DEFAULT_PROMPTS: readonly string[] = [
  'What does this document say about delivery times? Answer in three sentences.',
  '请用三句话概括这份文档的主要内容。',
  'List the five most important terms and explain each in one line.',
];

/** One prompt a line; blank lines are skipped. */
export function parsePrompts(text: string, file: string): readonly string[] {
  const prompts = text
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (prompts.length === 0)
    throw new ConfigError(file, 'must hold at least one prompt, one a line');
  return prompts;
}
