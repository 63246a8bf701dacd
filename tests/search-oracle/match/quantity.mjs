// Quantity parameters (R4, search, section "quantity"): `[prefix][number]|[system]|[code]`; without system the code is
// compared with the unit too.

import { escaped } from '../text.mjs';
import { all, any } from '../truth.mjs';
import { Decimal, PREFIXES, compare, spellings } from './number.mjs';

const HIGHEST = new Decimal(1n, 60);
const LOWEST = new Decimal(-1n, 60);

// The numbers that a field stands for, and its units.
function range({ type, value }) {
  if (type === 'Range') {
    const units = value.low ?? value.high;
    return [[value.low ? Decimal.parse(value.low.value) : LOWEST, value.high ? Decimal.parse(value.high.value) : HIGHEST], units];
  }
  const exact = value.value === undefined ? undefined : Decimal.parse(value.value);
  return [exact && [exact, exact], value];
}

function unitMatches(field, { system, code }) {
  if (code === undefined) {
    return true;
  }
  return system === '' ? field.code === code || field.unit === code : field.system === system && field.code === code;
}

function matches(values, prefix, number, unit) {
  return any(values.map((value) => {
    const [numbers, field] = range(value);
    if (numbers === undefined) {
      return value.type === 'SampledData' ? null : false;
    }
    // "<5": what that is to a value, R4 leaves open.
    const truth = field.comparator ? null : compare(prefix, numbers, number);
    return all([truth, unitMatches(field, unit)]);
  }));
}

function* units({ unit, system, code }) {
  yield ['bare', '', {}];
  if (system && code) {
    yield ['system|code', `|${escaped(system)}|${escaped(code)}`, { system, code }];
    yield ['other system', `|urn:oid:2.999|${escaped(code)}`, { system: 'urn:oid:2.999', code }];
  }
  if (code) {
    yield ['||code', `||${escaped(code)}`, { system: '', code }];
  }
  if (unit) {
    yield ['||unit', `||${escaped(unit)}`, { system: '', code: unit }];
  }
  yield ['other unit', '||zq', { system: '', code: 'zq' }];
}

export function* candidates(fields, { random }) {
  for (;;) {
    const field = random.one(fields);
    const [, quantity] = range(field);
    if (quantity?.value === undefined) {
      return;
    }
    const number = random.shuffled([...spellings(quantity.value, random)]);
    for (const [kind, suffix, unit] of units(quantity)) {
      for (const [spelling, text] of number.slice(0, 3)) {
        for (const prefix of PREFIXES) {
          yield {
            modifier: '',
            kind: `${prefix || 'none'} ${kind} ${spelling}`,
            prefix,
            text: `${prefix}${text}${suffix}`,
            test: (values) => matches(values, prefix, text, unit),
          };
        }
      }
    }
  }
}

export const floor = [''];
