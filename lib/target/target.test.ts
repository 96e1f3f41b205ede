import { describe, expect, test } from 'vitest';
import { checkPlaces, fillJson, fillText, fillUrl, readPath } from './places.ts';
import { resolveReferences } from './secrets.ts';
import { loadTarget, secretNames } from './target.ts';

const ACCOUNTS = [
  {
    id: 'a1',
    concurrency: 3,
    credentials: { appId: 'app', apiSecret: '${A1_SECRET}' },
    vars: { fileIds: ['f1'] },
  },
];
const TARGET = {
  dialect: 'chatdoc-ws',
  url: 'wss://chat.example/openapi/chat',
  request: { fileIds: '{vars.fileIds}' },
  accounts: 'accounts.json',
};

function load(target: unknown, accounts: unknown = ACCOUNTS) {
  const files: Record<string, string> = {
    '/t/target.json': typeof target === 'string' ? target : JSON.stringify(target),
    '/t/accounts.json': typeof accounts === 'string' ? accounts : JSON.stringify(accounts),
    '/t/prompts.txt': 'one\r\n\n  two  \n',
  };
  return loadTarget('/t/target.json', (file) => {
    const text = files[file];
    if (text === undefined) throw new Error(`no file ${file}`);
    return text;
  });
}

test('a target with its accounts and prompts', () => {
  const target = load({ ...TARGET, prompts: 'prompts.txt', timeouts: { idleMs: 5 } });
  expect(target.dialect.name).toBe('chatdoc-ws');
  expect(target.base).toBe('wss://chat.example');
  expect(target.accounts[0]?.vars).toEqual({ fileIds: ['f1'] });
  expect(target.prompts).toEqual(['one', 'two']);
  expect(target.timeouts).toMatchObject({ idleMs: 5, totalMs: 180_000, coolDownMs: 0 });
  expect(secretNames(target)).toEqual(['A1_SECRET']);
});

describe('a bad target says field, rule and value', () => {
  test.each<[string, unknown, RegExp]>([
    ['no JSON', '{"dialect": "x",\n oops}', /target\.json must be JSON; see line 2/],
    ['unknown key', { ...TARGET, ulr: 1 }, /target\.ulr is unknown; known here: dialect, url/],
    ['unknown dialect', { ...TARGET, dialect: 'chatdog' }, /dialect must be one of chatdoc-ws, /],
    [
      'wrong scheme',
      { ...TARGET, url: 'https://h/p?key=s3cret' },
      /url must begin with ws:\/\/ or wss:\/\/ for chatdoc-ws, got "https:\/\/h\/p\?…"/,
    ],
    ['a variable in the URL', { ...TARGET, url: 'wss://${HOME}/' }, /url must not hold \$\{NAME\}/],
    ['a password in the URL', { ...TARGET, url: 'wss://u:p@h/' }, /must not hold a user or pass/],
    ['unknown place', { ...TARGET, request: { fileIds: '{foo.x}' } }, /has the place \{foo\.x\}/],
    [
      'timeout as text',
      { ...TARGET, timeouts: { idleMs: '30s' } },
      /timeouts\.idleMs must be a number from 1 to 3600000, got "30s"/,
    ],
    ['no documents', { ...TARGET, request: {} }, /request must hold fileIds or repoIds/],
    ['no accounts', { ...TARGET, accounts: undefined }, /accounts must name an accounts file/],
    [
      'a bad header reference',
      { ...TARGET, headers: { A: '${not a name}' } },
      /headers\.A must name an environment variable as \$\{NAME\}/,
    ],
    [
      'plain-sse without rules',
      { dialect: 'plain-sse', url: 'http://h/' },
      /rules must say where the text is/,
    ],
    [
      'plain-sse with an empty end',
      { dialect: 'plain-sse', url: 'http://h/', rules: { answer: 'text', end: [] } },
      /rules\.end must say what to look for/,
    ],
    [
      'plain-sse with an unknown rule',
      { dialect: 'plain-sse', url: 'http://h/', rules: { answer: 'text', finished: 'x' } },
      /rules\.finished is unknown/,
    ],
    ['openai without model', { dialect: 'openai-chat', url: 'http://h/' }, /request\.model must/],
  ])('%s', (_, target, message) => {
    expect(() => load(target)).toThrow(message);
  });
});

describe('bad accounts', () => {
  const [first] = ACCOUNTS;
  test.each<[string, unknown, RegExp]>([
    ['none', [], /accounts\.json must hold at least one account/],
    ['twice', [first, first], /id must be unique, got "a1" twice/],
    ['odd id', [{ ...first, id: 'a b' }], /\[0\]\.id must match/],
    ['no quota', [{ ...first, concurrency: 0 }], /concurrency must be a whole number from 1/],
    ['no secret', [{ ...first, credentials: { appId: 'x' } }], /credentials\.apiSecret is needed/],
  ])('%s', (_, accounts, message) => {
    expect(() => load(TARGET, accounts)).toThrow(message);
  });

  test('a secret never shows in the error', () => {
    const credentials = { appId: 'x', apiSecret: 42_424_242 };
    expect(() => load(TARGET, [{ ...first, credentials }])).toThrow(/string, got \*\*\*$/);
    expect(() => load(TARGET, '[{"apiSecret": "s3cret",}]')).not.toThrow(/s3cret/);
  });
});

describe('places', () => {
  const values = { base: 'http://h:1', vars: { ids: ['a', 'b'], n: 5 }, chain: { id: 'a/b?c' } };

  test('a string that is one place takes the value as it is', () => {
    expect(fillJson({ ids: '{vars.ids}', text: 'n={vars.n}', n: ['{vars.n}'] }, values)).toEqual({
      ids: ['a', 'b'],
      text: 'n=5',
      n: [5],
    });
  });

  test('in a URL values are percent-encoded, the base is not', () => {
    expect(fillUrl('{base}/c/{chain.id}/s', values)).toBe('http://h:1/c/a%2Fb%3Fc/s');
  });

  test('a place without a value says so', () => {
    expect(() => fillText('{login.token}', values)).toThrow(/\{login\.token\} has no value/);
  });

  test('references to the environment are no places', () => {
    const text = 'Bearer ${TOKEN}';
    expect(fillText(text, values)).toBe(text);
    expect(() => checkPlaces(text, 'headers.A')).not.toThrow();
    expect(resolveReferences(text, 'headers.A', { TOKEN: 't' })).toBe('Bearer t');
    expect(() => resolveReferences(text, 'headers.A', {})).toThrow(
      /headers\.A needs the environment variable TOKEN, which is not set/,
    );
  });

  test('paths into a login answer', () => {
    expect(readPath({ data: { list: [{ t: 1 }] } }, 'data.list.0.t')).toBe(1);
    expect(readPath({ data: null }, 'data.x')).toBeUndefined();
  });
});
