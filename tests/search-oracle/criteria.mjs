// Criteria: a parameter with its values, as it stands in a query, and whether a resource fulfils it.

import { all, any, not } from './truth.mjs';
import { TYPES } from './match/index.mjs';

// How many candidates are looked through for kinds that have not been there.
const ENOUGH = 4000;

// One criterion of the alternatives given, which share parameter and modifier.
export function criterion(parameter, candidates) {
  const [{ modifier, negated = false, kind }] = candidates;
  const name = modifier === '' ? parameter.code : `${parameter.code}:${modifier}`;
  return {
    parameter,
    name,
    kind: `${parameter.kind}${modifier && `:${modifier}`} ${kind}`,
    // What every server must have, or what this one need not.
    feature: parameter.matcher?.floor.includes(modifier) ?? true ? '' : `${parameter.type}.${name}`,
    text: candidates.map(({ text }) => text).join(','),
    test(resource) {
      const values = parameter.values(resource);
      const truth = any(candidates.map(({ test }) => test(values, resource)));
      return negated ? not(truth) : truth;
    },
  };
}

// Candidates of a parameter: so many of each modifier and kind.
export function candidates(parameter, world, ofEach) {
  const fields = parameter.fields(world.resources(parameter.type));
  if (parameter.kind === 'composite') {
    return composite(parameter, world, ofEach);
  }
  if (fields.length === 0 || parameter.matcher === undefined) {
    return [];
  }
  return chosen(parameter.matcher.candidates(fields, world), ofEach);
}

function chosen(generator, ofEach) {
  const found = new Map();
  let looked = 0;
  for (const candidate of generator) {
    const kind = `${candidate.modifier} ${candidate.kind}`;
    const same = found.get(kind) ?? new Map();
    found.set(kind, same);
    if (same.size < ofEach && !same.has(candidate.text)) {
      same.set(candidate.text, candidate);
    }
    looked += 1;
    if (looked >= ENOUGH) {
      break;
    }
  }
  return [...found.values()].flatMap((same) => [...same.values()]);
}

// Composite parameters: one candidate for each component, from the same element.
function composite(parameter, world, ofEach) {
  const tuples = world.resources(parameter.type).flatMap((resource) => parameter.tuples(resource));
  const complete = tuples.filter((tuple) => tuple.length > 0 && tuple.every((values) => values.length > 0));
  const found = [];
  for (let count = 0; complete.length > 0 && count < ofEach * 12; count += 1) {
    const parts = world.random.one(complete).map((values, index) => {
      const ofOne = chosen(TYPES[parameter.components[index].kind].candidates(values, world), 1);
      return world.random.one(ofOne.filter(({ modifier }) => modifier === ''));
    });
    const test = (_, resource) => any(parameter.tuples(resource).map((tuple) =>
      all(tuple.map((values, index) => parts[index].test(values)))));
    found.push({ modifier: '', kind: 'composite', text: parts.map(({ text }) => text).join('$'), test });
  }
  return found;
}

// Whether the parameter has a value.
export function missing(parameter, absent) {
  return {
    parameter,
    name: `${parameter.code}:missing`,
    kind: `${parameter.kind}:missing`,
    feature: '',
    text: String(absent),
    test: (resource) => (present(parameter, resource) ? !absent : absent),
  };
}

export const present = (parameter, resource) => (parameter.kind === 'composite'
  ? parameter.tuples(resource).some((tuple) => tuple.every((values) => values.length > 0))
  : parameter.values(resource).length > 0);
