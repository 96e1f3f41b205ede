import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/**
 * From which part of the tree to which others: arrows point one way. A part is the longest matching
 * prefix; every part may import itself. Tests are left out, they look at everything.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  scenarios: ['lib/k6', 'lib/load', 'lib/config', 'thresholds'],
  thresholds: ['lib/metrics'],
  'lib/config': [],
  'lib/statistics': [],
  'lib/signing': [],
  'lib/framing': [],
  'lib/target': ['lib/config', 'lib/dialects'],
  'lib/dialects': ['lib/config', 'lib/signing', 'lib/stream'],
  'lib/stream': ['lib/statistics', 'lib/metrics'],
  'lib/accounts': ['lib/config', 'lib/statistics', 'lib/target'],
  'lib/load': ['lib/config', 'lib/accounts', 'lib/stream', 'lib/target'],
  'lib/metrics': ['lib/config', 'lib/load'],
  'lib/k6': [
    ...['lib/config', 'lib/statistics', 'lib/signing', 'lib/target', 'lib/dialects', 'lib/stream'],
    ...['lib/accounts', 'lib/load', 'lib/metrics', 'lib/framing', 'k6'],
  ],
  // The contract of the extension is written in the words of the library.
  'extension/index.d.ts': ['lib/dialects', 'lib/stream'],
  report: ['lib/config', 'lib/stream', 'lib/metrics', 'lib/statistics', 'lib/load', 'node'],
  'mock-server': ['node', 'fastify', 'ws'],
  cli: [
    ...['lib/config', 'lib/load', 'lib/metrics', 'lib/signing', 'lib/stream', 'lib/target'],
    ...['report', 'mock-server', 'node', 'commander', 'crypto-js'],
  ],
};
const sources = ['scenarios', 'thresholds', 'lib', 'mock-server', 'cli', 'report']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  )
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

test('the walk sees the tree', () => {
  expect(sources.length).toBeGreaterThan(60);
  expect(sources).toContain('lib/k6/ask.ts');
});

test.each([...sources, 'extension/index.d.ts'])('%s imports only what it may', (file) => {
  const allowed = ARROWS[partOf(file)];
  expect(allowed, `${file} belongs to no known part`).toBeDefined();
  const wrong = importsOf(file).filter(
    (target) => target !== partOf(file) && !allowed?.includes(target),
  );
  expect(wrong).toEqual([]);
});

test('only one file imports crypto-js', () => {
  const importers = sources.filter((file) => importsOf(file).includes('crypto-js'));
  expect(importers).toEqual(['cli/digest.ts']);
});

test('only lib/k6/env.ts reads the environment of a script', () => {
  const readers = sources.filter((file) => /\b__ENV\b|\bopen\(/.test(code(file)));
  expect(
    readers.filter((file) => file.startsWith('lib/') && !file.startsWith('lib/k6/drivers/')),
  ).toEqual(['lib/k6/env.ts']);
});

function importsOf(file: string): readonly string[] {
  return [...code(file).matchAll(/(?:from|import)\s+'([^']+)'/g)].map(([, specifier = '']) => {
    if (specifier.startsWith('.')) {
      return partOf(relative(ROOT, join(ROOT, dirname(file), specifier)));
    }
    if (specifier.startsWith('k6')) return 'k6';
    return specifier.startsWith('node:') ? 'node' : (specifier.split('/')[0] ?? '');
  });
}

function partOf(file: string): string {
  const parts = Object.keys(ARROWS).filter((part) => file === part || file.startsWith(`${part}/`));
  return parts.sort((a, b) => b.length - a.length)[0] ?? file;
}

function code(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}
