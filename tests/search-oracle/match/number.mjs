// Number parameters (R4, search, section "number"): equality within the precision that the value is written with, all
// other prefixes with the exact number. Decimals are exact: a whole number and a power of ten.

import { any } from '../truth.mjs';

export class Decimal {
  constructor(digits, exponent) {
    this.digits = digits;
    this.exponent = exponent;
  }

  static parse(text) {
    const [, sign, whole, fraction = '', power = '0'] = String(text).match(/^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/);
    return new Decimal(BigInt(`${whole}${fraction}` || '0') * (sign === '-' ? -1n : 1n), Number(power) - fraction.length);
  }

  // The digits, if the exponent were this smaller one.
  at(exponent) {
    return this.digits * 10n ** BigInt(this.exponent - exponent);
  }

  compare(other) {
    const exponent = Math.min(this.exponent, other.exponent);
    const [mine, its] = [this.at(exponent), other.at(exponent)];
    return mine < its ? -1 : mine > its ? 1 : 0;
  }

  // Half a unit of the last digit to both sides; of a whole number with an exponent a tenth of that, for R4's own example
  // says that 1e2 is from 95 up to 105.
  range(written = '') {
    const places = /^[+-]?\d+e/i.test(written) ? 2 : 1;
    const [digits, exponent] = [this.digits * 10n ** BigInt(places), this.exponent - places];
    return [new Decimal(digits - 5n, exponent), new Decimal(digits + 5n, exponent)];
  }

  // This times so many hundredths.
  hundredths(number) {
    return new Decimal(this.digits * BigInt(number), this.exponent - 2);
  }
}

// Whether a field, from its least to its greatest number, is to the value as the prefix says.
export function compare(prefix, [low, high], text) {
  const value = Decimal.parse(text);
  const [from, to] = value.range(text);
  const inside = low.compare(from) >= 0 && high.compare(to) < 0;
  const [above, below] = [high.compare(value) > 0, low.compare(value) < 0];
  switch (prefix) {
    case '':
    case 'eq':
      return inside;
    case 'ne':
      return !inside;
    case 'gt':
      return above;
    case 'lt':
      return below;
    case 'ge':
      return high.compare(value) >= 0;
    case 'le':
      return low.compare(value) <= 0;
    case 'sa':
      return low.compare(value) > 0;
    case 'eb':
      return high.compare(value) < 0;
    case 'ap':
      return approximately([low, high], value);
  }
}

// Ten per cent of the value to both sides. Whether the precision of the value widens that is open.
function approximately([low, high], value) {
  const overlaps = (hundredths, widened) => {
    const ends = [value.hundredths(100 - hundredths), value.hundredths(100 + hundredths)];
    const [from, to] = ends.sort((one, other) => one.compare(other));
    const [first, last] = widened ? [from.range()[0], to.range()[1]] : [from, to];
    return high.compare(first) >= 0 && low.compare(last) <= 0;
  };
  const [start, end] = value.range();
  const precise = high.compare(start) >= 0 && low.compare(end) <= 0;
  return overlaps(9, false) ? true : overlaps(11, true) || precise ? null : false;
}

export const PREFIXES = ['', 'eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sa', 'eb', 'ap'];

// A number with the digits that it has, with fewer, with more, and others near it.
export function* spellings(number, random) {
  const text = String(number);
  const decimals = text.split('.')[1]?.length ?? 0;
  yield ['same', text];
  yield ['one decimal more', Number(text).toFixed(decimals + 1)];
  if (decimals > 0) {
    yield ['one decimal less', Number(text).toFixed(decimals - 1)];
  }
  yield ['rounded', Number(text).toFixed(0)];
  yield ['near', (Number(text) * (1 + (random.below(41) - 20) / 100)).toFixed(decimals)];
  // 1e2 has one digit, so from 50 to 150, but R4's example says from 95 to 105: only what both agree on is asked.
  if (Decimal.parse(Number(text).toExponential()).exponent <= 0) {
    yield ['exponent', Number(text).toExponential()];
  }
  yield ['nothing', '987654321.5'];
}

export function* candidates(fields, { random }) {
  for (;;) {
    const { value } = random.one(fields);
    for (const [kind, text] of spellings(value, random)) {
      for (const prefix of PREFIXES) {
        yield {
          modifier: '',
          kind: `${prefix || 'none'} ${kind}`,
          prefix,
          text: prefix + text,
          test: (values) => any(values.map((each) => {
            const number = Decimal.parse(each.value);
            return compare(prefix, [number, number], text);
          })),
        };
      }
    }
  }
}

export const floor = [''];
