import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { drawFault, parseFault, parseFaultRates } from './fault-choice.ts';
import { FAULTS } from './faults.ts';

test.each(FAULTS.map((fault) => [fault.name, fault] as const))(
  '%s is asked for by its name',
  (name, fault) => {
    expect(parseFault(name)).toEqual({ fault });
    expect(parseFault(`${name}=3`)).toEqual(
      fault.value === undefined ? undefined : { fault, value: 3 },
    );
  },
);

test.each(['', 'nothing', 'rst=', 'rst=x', 'rst=-1', 'rst=1=2', 'rst=1.5', 'RST', 'rst=99999999'])(
  '%j is no fault',
  (text) => {
    expect(parseFault(text)).toBeUndefined();
  },
);

test('rates are a list of name, number and share', () => {
  const rates = parseFaultRates('no-terminal:1%, rst=3:0.5%');
  expect(rates.map(({ fault, value, share }) => [fault.name, value, share])).toEqual([
    ['no-terminal', undefined, 0.01],
    ['rst', 3, 0.005],
  ]);
  expect(parseFaultRates(' ')).toEqual([]);
});

test.each([
  ['rst', 'faults must be a list like "no-terminal:1%,rst=3:0.5%", got "rst"'],
  ['rst:1', 'faults must be a list like "no-terminal:1%,rst=3:0.5%", got "rst:1"'],
  ['rst:101%', 'faults must be a list like "no-terminal:1%,rst=3:0.5%", got "rst:101%"'],
  ['rst:1%:2%', 'faults must be a list like "no-terminal:1%,rst=3:0.5%", got "rst:1%:2%"'],
  ['rst:1.2.3%', 'faults must be a list like "no-terminal:1%,rst=3:0.5%", got "rst:1.2.3%"'],
  ['rst:60%,fin:60%', 'faults must be at most 100% together, got 120%'],
])('%j is refused', (text, message) => {
  expect(() => parseFaultRates(text)).toThrow(message);
});

test('an unknown fault is refused with the known ones', () => {
  expect(() => parseFaultRates('melt:1%')).toThrow(
    /made of the faults no-terminal, .*, got "melt"/,
  );
});

test('shares are kept over many streams, and the same seed draws the same faults', () => {
  const rates = parseFaultRates('no-terminal:10%,rst:20%');
  const draw = () =>
    Array.from({ length: 5000 }, (_, n) => drawFault(rates, createRandom(1, n))?.fault.name);
  const drawn = draw();
  const shareOf = (name: string) => drawn.filter((found) => found === name).length / drawn.length;
  expect(shareOf('no-terminal')).toBeCloseTo(0.1, 1);
  expect(shareOf('rst')).toBeCloseTo(0.2, 1);
  expect(draw()).toEqual(drawn);
});

test('one hundred percent is every stream', () => {
  const rates = parseFaultRates('stall:100%');
  const drawn = Array.from({ length: 1000 }, (_, n) => drawFault(rates, createRandom(1, n)));
  expect(drawn.every((chosen) => chosen?.fault.name === 'stall')).toBe(true);
});
