import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('nothing runs before it is due, fractions of a millisecond included', async () => {
  const dueAts = Array.from({ length: 200 }, (_, n) => systemClock.now() + 5 + n * 0.37);
  const early = await Promise.all(
    dueAts.map(
      (dueAt) =>
        new Promise<number>((resolve) => {
          systemClock.at(dueAt, () => resolve(dueAt - systemClock.now()));
        }),
    ),
  );
  expect(Math.max(...early)).toBeLessThanOrEqual(0);
});

test('what is called off does not run', async () => {
  let ran = false;
  const cancel = systemClock.at(systemClock.now() + 5, () => {
    ran = true;
  });
  cancel();
  await new Promise<void>((resolve) => {
    systemClock.at(systemClock.now() + 20, resolve);
  });
  expect(ran).toBe(false);
});

test('the clock is that of the wall, in fractions', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  const reads = Array.from({ length: 100 }, () => systemClock.now());
  expect(reads.some((at) => !Number.isInteger(at))).toBe(true);
});
