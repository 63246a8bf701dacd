// All questions for a world.

import { patientCompartment } from './definitions.mjs';
import { candidates, criterion, missing } from './criteria.mjs';
import { expression } from './filter.mjs';
import { any } from './truth.mjs';
import { chained, judged, query, question, reversed } from './questions.mjs';
import { groups, order } from './sort.mjs';
import { key } from './world.mjs';

// How many candidates of each kind a parameter gets, so that the whole becomes about as large as wanted: one of a date has
// a hundred kinds, one of a string some forty.
const ROUGHLY = { date: 120, quantity: 200, number: 60, string: 42, token: 20, reference: 10, uri: 5, composite: 12 };

export function* generate(world, wanted) {
  const pools = new Map(world.types.map((type) => [type, world.parameters(type)]));
  const kinds = [...pools.values()].flat().map(({ kind }) => ROUGHLY[kind] ?? 1).reduce((sum, each) => sum + each, 1);
  const ofEach = Math.max(1, Math.min(8, Math.round(wanted / kinds)));
  const found = new Map();
  for (const [type, parameters] of pools) {
    found.set(type, parameters.map((parameter) => ({ parameter, candidates: candidates(parameter, world, ofEach) })));
  }
  for (const type of world.types) {
    yield* ofType(world, type, found);
  }
}

function* ofType(world, type, found) {
  const pool = found.get(type).filter((each) => each.candidates.length > 0);
  for (const { parameter, candidates: own } of found.get(type)) {
    for (const candidate of own) {
      yield question(world, type, [criterion(parameter, [candidate])]);
    }
    yield question(world, type, [missing(parameter, true)]);
    yield question(world, type, [missing(parameter, false)]);
  }
  if (pool.length > 0) {
    yield* together(world, type, pool);
    yield* chains(world, type, found);
    yield* filters(world, type, pool);
  }
  yield* sorts(world, type, found.get(type));
  yield* includes(world, type);
  yield* compartments(world, type);
}

function some(world, { parameter, candidates: own }, number) {
  const first = world.random.one(own);
  const same = own.filter(({ modifier }) => modifier === first.modifier);
  const others = Array.from({ length: number - 1 }, () => world.random.one(same));
  return criterion(parameter, [first, ...others]);
}

// Alternatives, repetitions, and two parameters together.
function* together(world, type, pool) {
  for (const each of pool) {
    for (let count = 0; count < 10; count += 1) {
      const alternatives = some(world, each, 2 + world.random.below(2));
      yield question(world, type, [alternatives], { kind: `${each.parameter.kind} or` });
      yield question(world, type, [some(world, each, 1), some(world, each, 1)], { kind: `${each.parameter.kind} and` });
      const other = world.random.one(pool);
      yield question(world, type, [some(world, each, 1), some(world, other, 1)], { kind: 'two parameters' });
    }
  }
}

// A criterion of a type for chains; its modifier is one that every server has.
function plain(world, pool) {
  const { parameter, candidates: own } = world.random.one(pool);
  const usable = own.filter(({ modifier }) => modifier === '');
  return usable.length > 0 ? criterion(parameter, [world.random.one(usable)]) : missing(parameter, false);
}

const usable = (found, type) => (found.get(type) ?? []).filter((each) => each.candidates.length > 0);
const references = (found, type) => usable(found, type).map(({ parameter }) => parameter).filter(({ kind }) => kind === 'reference');

function* chains(world, type, found) {
  const ahead = (from) => references(found, from).flatMap((reference) => reference.targets
    .filter((target) => usable(found, target).length > 0).map((target) => ({ reference, target })));
  const behind = (to) => world.types.flatMap((from) => references(found, from)).filter(({ targets }) => targets.includes(to));
  const inner = (of, depth) => {
    const steps = depth > 0 ? [...ahead(of).map((step) => ({ step })), ...behind(of).map((back) => ({ back }))] : [];
    if (steps.length === 0) {
      return plain(world, usable(found, of));
    }
    const { step, back } = world.random.one(steps);
    return step ? chained(world, step.reference, step.target, inner(step.target, depth - 1)) : reversed(world, back, inner(back.type, depth - 1));
  };
  for (const { reference, target } of ahead(type)) {
    for (let count = 0; count < 12; count += 1) {
      yield question(world, type, [chained(world, reference, target, inner(target, count % 3 === 2 ? 1 : 0))], { kind: `chain ${reference.code}` });
    }
  }
  for (const reference of behind(type)) {
    for (let count = 0; count < 12; count += 1) {
      yield question(world, type, [reversed(world, reference, inner(reference.type, count % 3 === 2 ? 1 : 0))], { kind: `_has ${reference.type}:${reference.code}` });
    }
  }
}

function* filters(world, type, pool) {
  for (let count = 0; count < 40; count += 1) {
    const { text, test } = expression(world, pool, count % 4);
    yield { query: `/${type}?${query([['_filter', text]])}`, kind: '_filter', feature: '_filter', ...judged(world.resources(type), test) };
  }
}

function* sorts(world, type, all_) {
  const resources = world.resources(type);
  const expected = resources.map(key);
  for (const { parameter } of all_) {
    for (const sign of ['', '-']) {
      const more = ['token', 'reference'].includes(parameter.kind) ? { groups: groups(parameter, resources) } : {};
      yield {
        query: `/${type}?_sort=${sign}${parameter.code}`,
        kind: `_sort ${parameter.kind}`,
        feature: `${type}?_sort=${parameter.code}`,
        expected,
        open: [],
        page: Math.max(7, Math.ceil(expected.length / 30)),
        ...order(parameter, resources, world.zone, sign === '-'),
        ...more,
      };
    }
  }
}

// How many resources may come along with results for a question to be asked: the server's own limit is tested elsewhere.
const MOST_INCLUDED = 900;

// What the declared includes bring along.
function* includes(world, type) {
  const { searchInclude = [], searchRevInclude = [] } = world.declared.find((each) => each.type === type);
  const resources = world.resources(type);
  const ask = (pairs, included, feature = '') => ({
    query: `/${type}?${query(pairs)}`,
    kind: pairs.at(-1)[0],
    feature,
    expected: resources.map(key),
    open: [],
    included: [...new Set(included)].map(key),
  });
  const of = (result, pairs, included) => ({
    ...ask([['_id', result.id], ...pairs], included), expected: [key(result)],
  });
  for (const value of searchInclude) {
    const found = followed(world, type, value, resources);
    if (new Set(found).size > MOST_INCLUDED) {
      for (const result of resources.slice(0, 5)) {
        yield of(result, [['_include', value]], followed(world, type, value, [result]));
      }
      continue;
    }
    yield ask([['_include', value]], found);
    // From there on, as far as one more include leads.
    for (const next of new Set(found.map(({ resourceType }) => resourceType))) {
      const further = world.declared.find((each) => each.type === next).searchInclude ?? [];
      for (const again of further.filter((each) => each !== '*').slice(0, 3)) {
        const both = [...found, ...followed(world, next, again, found)];
        if (next !== type && new Set(both).size <= MOST_INCLUDED) {
          yield ask([['_include', value], ['_include:iterate', again]], both, '_include:iterate');
        }
      }
    }
  }
  for (const value of searchRevInclude) {
    const [from, code] = value.split(':');
    const parameter = world.parameter(from, code);
    // One result and what refers to it: a server limits what may come along.
    for (const result of resources.slice(0, 3)) {
      const leads = (resource) => parameter.values(resource).some((field) => {
        const found = world.resolve(field);
        return found !== undefined && key(found) === key(result);
      });
      const included = parameter ? world.resources(from).filter(leads) : [];
      if (included.length > MOST_INCLUDED) {
        continue;
      }
      yield of(result, [['_revinclude', value]], included);
    }
  }
}

// Where an include leads to from some resources: `Type:parameter`, `Type:parameter:Target`, or `*` for all that are declared.
function followed(world, type, include, resources) {
  if (include === '*') {
    const { searchInclude } = world.declared.find((each) => each.type === type);
    return searchInclude.filter((each) => each !== '*').flatMap((each) => followed(world, type, each, resources));
  }
  const [from, code, target] = include.split(':');
  const parameter = from === type && world.parameter(type, code);
  const fields = parameter ? resources.filter(({ resourceType }) => resourceType === type).flatMap((resource) => parameter.values(resource)) : [];
  const found = fields.map((field) => world.resolve(field)).filter(Boolean);
  return found.filter(({ resourceType }) => target === undefined || resourceType === target);
}

// `GET Patient/{id}/{type}`.
function* compartments(world, type) {
  const parameters = patientCompartment(type).map((code) => world.parameter(type, code)).filter(Boolean);
  if (parameters.length === 0 || type === 'Patient') {
    return;
  }
  for (const patient of world.random.shuffled(world.resources('Patient')).slice(0, 12)) {
    const test = (resource) => any(parameters.flatMap((parameter) => parameter.values(resource)).map((field) => world.resolve(field) === patient));
    yield { query: `/Patient/${patient.id}/${type}?`, kind: 'compartment', feature: 'compartment', ...judged(world.resources(type), test) };
  }
}
