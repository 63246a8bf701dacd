// Expressions of `_filter` (R4, search_filter.html): made with their truth.

import { present } from './criteria.mjs';
import { all, any, not, perhaps } from './truth.mjs';
import { fold } from './match/string.mjs';

const quoted = (text) => `"${text.replace(/[\\"]/g, '\\$&')}"`;

// Letters in another case: whether they are equal in a filter is open.
function sameText(field, wanted, test) {
  return test(field, wanted) ? true : perhaps(test(fold(field), fold(wanted)));
}

const TEXT = {
  eq: (field, wanted) => field === wanted,
  co: (field, wanted) => field.includes(wanted),
  sw: (field, wanted) => field.startsWith(wanted),
  ew: (field, wanted) => field.endsWith(wanted),
};

// A comparison on one parameter; undefined if there is none for its type.
function comparison(parameter, world, candidates) {
  const { random } = world;
  const code = parameter.code;
  if (random.below(6) === 0) {
    const wanted = random.below(2) === 0;
    return { text: `${code} pr ${wanted}`, test: (resource) => present(parameter, resource) === wanted };
  }
  switch (parameter.kind) {
    case 'string': {
      const fields = parameter.fields(world.resources(parameter.type)).map(({ value }) => value).filter((value) => typeof value === 'string');
      if (fields.length === 0) {
        return undefined;
      }
      const operator = random.one(Object.keys(TEXT));
      const text = random.one(fields).trim();
      const wanted = { eq: text, co: text.slice(1, 4), sw: text.slice(0, 3), ew: text.slice(-3) }[operator];
      return wanted.trim() === '' || wanted !== wanted.trim() ? undefined : {
        text: `${code} ${operator} ${quoted(wanted)}`,
        test: (resource) => any(parameter.values(resource).map(({ value }) => sameText(value.trim(), wanted, TEXT[operator]))),
      };
    }
    case 'date': {
      const usable = candidates.filter(({ prefix, kind }) => prefix && prefix !== 'ap' && /(year|month|day)$/.test(kind));
      const chosen = usable.length > 0 && random.one(usable);
      return chosen && { text: `${code} ${chosen.prefix} ${chosen.text.slice(2)}`, test: (resource) => chosen.test(parameter.values(resource)) };
    }
    case 'token': {
      const usable = candidates.filter(({ modifier, kind }) => modifier === '' && ['code', 'system|code'].includes(kind));
      const chosen = usable.length > 0 && random.one(usable);
      return chosen && { text: `${code} eq ${/^[\w-]+$/.test(chosen.text) ? chosen.text : quoted(chosen.text)}`, test: (resource) => chosen.test(parameter.values(resource)) };
    }
    default:
      return undefined;
  }
}

// An expression of some depth.
export function expression(world, pool, depth) {
  const { random } = world;
  if (depth === 0) {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const { parameter, candidates } = random.one(pool);
      const found = comparison(parameter, world, candidates);
      if (found) {
        return found;
      }
    }
    return { text: '_id pr true', test: () => true };
  }
  const one = expression(world, pool, depth - 1);
  const other = expression(world, pool, depth - 1);
  switch (random.below(4)) {
    case 0:
      return { text: `not (${one.text})`, test: (resource) => not(one.test(resource)) };
    case 1:
      return { text: `(${one.text}) or (${other.text})`, test: (resource) => any([one.test(resource), other.test(resource)]) };
    case 2:
      return { text: `(${one.text}) and (${other.text})`, test: (resource) => all([one.test(resource), other.test(resource)]) };
    default:
      // "and" binds as "or" does in no grammar but by parentheses, so these stand alone.
      return depth === 1 ? { text: `${one.text} and ${other.text}`, test: (resource) => all([one.test(resource), other.test(resource)]) } : one;
  }
}
