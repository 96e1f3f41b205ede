import { MockConfigError } from '../option-rules.ts';
import type { Random } from '../random.ts';
import { FAULTS, type Fault } from './faults.ts';

/** A fault with its number, as asked for: `rst=3`. */
export interface ChosenFault {
  readonly fault: Fault;
  readonly value?: number;
}

export interface FaultRate extends ChosenFault {
  /** Of all streams, 0 to 1. */
  readonly share: number;
}

const LARGEST_VALUE = 3_600_000;

/** `name` or `name=number`; undefined when there is no such fault, or the number does not fit. */
export function parseFault(text: string): ChosenFault | undefined {
  const [name, number, ...rest] = text.trim().split('=');
  const fault = FAULTS.find((row) => row.name === name);
  if (fault === undefined || rest.length > 0) return undefined;
  if (number === undefined) return { fault };
  const value = Number(number);
  const fits = /^[0-9]{1,7}$/.test(number) && value <= LARGEST_VALUE;
  return fits && fault.value !== undefined ? { fault, value } : undefined;
}

/** `no-terminal:1%,rst=3:0.5%`; the empty text is no fault at all. */
export function parseFaultRates(text: string): readonly FaultRate[] {
  if (text.trim() === '') return [];
  const rates = text.split(',').map(parseFaultRate);
  const sum = rates.reduce((total, rate) => total + rate.share, 0);
  if (sum <= 1 + 1e-9) return rates;
  throw new MockConfigError('faults', 'at most 100% together', `${sum * 100}%`);
}

/** One draw decides: the rates cut the range from 0 to 1 into pieces. */
export function drawFault(rates: readonly FaultRate[], random: Random): ChosenFault | undefined {
  let drawn = random.next();
  return rates.find((rate) => {
    drawn -= rate.share;
    return drawn < 0;
  });
}

export function faultNames(): string {
  return FAULTS.map((fault) => fault.name).join(', ');
}

function parseFaultRate(text: string): FaultRate {
  const [name = '', percent = '', ...rest] = text.trim().split(':');
  const chosen = parseFault(name);
  if (chosen === undefined) {
    const received = JSON.stringify(name.slice(0, 60));
    throw new MockConfigError('faults', `made of the faults ${faultNames()}`, received);
  }
  const share = Number(percent.replace(/%$/, '')) / 100;
  if (!/^[0-9.]+%$/.test(percent) || !(share <= 1) || rest.length > 0) {
    const received = JSON.stringify(text.slice(0, 60));
    throw new MockConfigError('faults', 'a list like "no-terminal:1%,rst=3:0.5%"', received);
  }
  return { ...chosen, share };
}
