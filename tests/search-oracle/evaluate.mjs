// What a search parameter looks at in a resource: its official expression, run by an independent FHIRPath engine.

import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import { expressionFor } from './definitions.mjs';

const compiled = new Map();

function compile(expression) {
  if (!compiled.has(expression)) {
    const run = fhirpath.compile(expression, r4);
    const types = fhirpath.compile(`(${expression}).type()`, r4);
    compiled.set(expression, (start) => {
      const names = types(start).map((type) => type.name);
      return run(start).map((value, index) => ({ type: names[index], value }));
    });
  }
  return compiled.get(expression);
}

const cache = new WeakMap();

// The values of a parameter in a resource, each with its FHIR type.
export function values(definition, resource) {
  const known = cache.get(resource) ?? new Map();
  cache.set(resource, known);
  if (!known.has(definition.url)) {
    known.set(definition.url, evaluated(definition, resource));
  }
  return known.get(definition.url);
}

function evaluated(definition, resource) {
  const { expression, targets } = expressionFor(resource.resourceType, definition.expression);
  const found = compile(expression)(resource).map((each) => ({ ...each, path: expression }));
  return targets ? found.filter(({ value }) => targets.includes(targetOf(value))) : found;
}

// The resource type that a reference names.
export function targetOf(reference) {
  return reference.reference?.split('/').at(-2) ?? reference.type;
}

// The values of the components of a composite parameter, for each element that the composite starts from.
export function composites(definition, components, resource) {
  return values(definition, resource).map(({ value }) =>
    components.map(({ expression }) => compile(ofType(expression))(value)));
}

const ofType = (expression) =>
  expression.replace(/\bas\((\w+)\)/g, 'ofType($1)').replace(/DateTime/g, 'dateTime');
