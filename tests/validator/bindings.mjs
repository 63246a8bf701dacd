// Holds every code of FHIR R4 resources against the value set that its element is bound to, and every extension against
// its definition.
//
//     bindings.mjs EXPLAINED
//
// A resource per line on stdin. On stdout one JSON object:
//   checked      the number of resources
//   problems     what is wrong: a code that a required binding does not have, or one that is outside an extensible binding
//                and not explained; a code that UCUM does not have; an extension that nobody defined, or that is wrong here
//   bindings     of each bound element that was met: its value set and strength, and how many values were members, only
//                text, outside (and explained), or could not be judged, and then why
//   unused       the lines of EXPLAINED that explain nothing

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { UCUM, defined, isUnit, valueSet } from './valuesets.mjs';

const types = new Map();
for (const name of ['profiles-types.json', 'profiles-resources.json']) {
  for (const definition of defined(name)) {
    if (definition.resourceType === 'StructureDefinition') {
      types.set(definition.type, indexed(definition));
    }
  }
}
const extensions = new Map();
for (const { url, context, snapshot } of defined('extension-definitions.json')) {
  const contexts = context.map(({ type, expression }) => (type === 'element' ? expression : undefined));
  extensions.set(url, { contexts, elements: new Map(snapshot.element.map((element) => [element.id, element])) });
}
for (const { url, contexts, value, parts } of JSON.parse(readFileSync(new URL('later-extensions.json', import.meta.url), 'utf8'))) {
  const typed = (id, code) => [`${id}.value[x]`, { path: 'Extension.value[x]', type: [{ code }] }];
  const elements = new Map(value ? [typed('Extension', value)] : []);
  for (const [name, code] of Object.entries(parts ?? {})) {
    elements.set(`Extension.extension:${name}`, {});
    elements.set(...typed(`Extension.extension:${name}`, code));
  }
  extensions.set(url, { contexts, elements });
}

function indexed(definition) {
  return { ...definition, elements: new Map(definition.snapshot.element.map((element) => [element.path, element])) };
}

const MAX = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet';
const ABSENT = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';

const explained = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const used = new Set();
const problems = new Set();
const bindings = new Map();
let checked = 0;

/** The element of a property, the types that its value may have, and the name of the element with `[x]` if it is a choice. */
function child(type, path, key) {
  const direct = type.elements.get(`${path}.${key}`);
  if (direct) {
    return { element: direct, type: direct.type?.[0]?.code, path: direct.path };
  }
  for (let end = key.length - 1; end > 0; end -= 1) {
    const choice = type.elements.get(`${path}.${key.slice(0, end)}[x]`);
    const suffix = key.slice(end);
    const found = choice?.type.find(({ code }) => code.charAt(0).toUpperCase() + code.slice(1) === suffix);
    if (found) {
      return { element: choice, type: found.code, path: choice.path };
    }
  }
  return undefined;
}

function walkResource(resource, where) {
  const type = types.get(resource.resourceType);
  if (!type) {
    problems.add(`${where}: no type ${resource.resourceType}`);
    return;
  }
  walk(resource, type, type.type, where, [type.type, 'DomainResource', 'Resource']);
}

/** `kinds`: by what names the context of an extension may call this element. */
function walk(value, type, path, where, kinds) {
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'resourceType') {
      continue;
    }
    const primitive = key.startsWith('_');
    const found = child(type, path, primitive ? key.slice(1) : key);
    if (!found) {
      problems.add(`${where}.${key}: ${path} has no such element`);
      continue;
    }
    const list = Array.isArray(inner) ? inner : [inner];
    list.forEach((one, index) => {
      const here = `${where}.${key}${Array.isArray(inner) ? `[${index}]` : ''}`;
      if (one === null) {
        return;
      }
      if (key === 'extension' || key === 'modifierExtension') {
        walkExtension(one, here, kinds);
      } else {
        walkElement(one, type, found, here, primitive);
      }
    });
  }
}

function walkElement(value, type, { element, type: name, path }, where, primitive) {
  if (element.contentReference) {
    walk(value, type, element.contentReference.slice(1), where, [element.contentReference.slice(1), 'Element']);
    return;
  }
  const kinds = [path, name, 'Element'];
  if (primitive) {
    value.extension?.forEach((extension, index) => walkExtension(extension, `${where}.extension[${index}]`, kinds));
    return;
  }
  check(value, element, name, where);
  if (name === 'Resource') {
    walkResource(value, where);
  } else if (name === 'BackboneElement' || name === 'Element') {
    walk(value, type, path, where, kinds);
  } else if (typeof value === 'object') {
    const datatype = types.get(name);
    check(value, datatype.elements.get(name), name, where);
    walk(value, datatype, name, where, kinds);
    if (value.system === UCUM && value.code !== undefined && !isUnit(value.code)) {
      problems.add(`${where}: UCUM has no unit ${value.code}`);
    }
  }
}

function check(value, element, type, where) {
  const { binding } = element;
  if (!binding) {
    return;
  }
  if (binding.valueSet && (binding.strength === 'required' || binding.strength === 'extensible')) {
    hold(value, element.path, type, binding.strength, binding.valueSet, where);
  }
  const max = binding.extension?.find(({ url }) => url === MAX);
  if (max) {
    hold(value, element.path, type, 'required', max.valueCanonical ?? max.valueUri, where);
  }
}

function hold(value, path, type, strength, url, where) {
  const set = valueSet(url);
  const line = `${path} ${strength} ${url.split('|')[0]}`;
  const counts = bindings.get(line) ?? { members: 0, text: 0, outside: 0, unknown: 0 };
  bindings.set(line, counts);
  const codings = codingsOf(value, type);
  if (codings.length === 0) {
    counts.text += 1;
    if (strength === 'required' && type === 'CodeableConcept' && !value.extension?.some((one) => one.url === ABSENT)) {
      problems.add(`${where}: no code, and one of ${url} is required`);
    }
    return;
  }
  const verdicts = codings.map(({ system, code }) => set.has(system, code));
  if (verdicts.includes(true)) {
    counts.members += 1;
  } else if (verdicts.includes(null)) {
    counts.unknown += 1;
    counts.why = set.unknown;
  } else {
    const reason = strength === 'extensible' && explained.find((one) => one.path === path && codings.every(({ system, code }) => one.system === system && one.code === code));
    if (reason) {
      used.add(reason);
      counts.outside += 1;
    } else {
      problems.add(`${where}: ${JSON.stringify(codings)} is not in ${url} (${strength})`);
    }
  }
}

/** The coded values of an element, those of a `code` and of text without a system. */
function codingsOf(value, type) {
  switch (type) {
    case 'CodeableConcept':
      return (value.coding ?? []).filter(({ code }) => code !== undefined);
    case 'Coding':
      return value.code === undefined ? [] : [value];
    case 'code':
    case 'string':
    case 'uri':
      return [{ code: value }];
    default:
      return value?.code === undefined ? [] : [{ system: value.system, code: value.code }];
  }
}

function walkExtension(extension, where, kinds) {
  const definition = extensions.get(extension.url);
  if (!definition) {
    problems.add(`${where}: nobody has defined ${extension.url}`);
    return;
  }
  if (!definition.contexts.some((expression) => expression === undefined || kinds.includes(expression))) {
    problems.add(`${where}: ${extension.url} does not belong to ${kinds.join(', ')}`);
  }
  walkParts(extension, 'Extension', definition.elements, where);
}

/** An extension is a value, or further extensions that its definition names. */
function walkParts(extension, id, elements, where) {
  for (const [index, part] of (extension.extension ?? []).entries()) {
    const inner = `${id}.extension:${part.url}`;
    if (elements.has(inner)) {
      walkParts(part, inner, elements, `${where}.extension[${index}]`);
    } else {
      problems.add(`${where}: ${id} has no part ${part.url}`);
    }
  }
  for (const [key, value] of Object.entries(extension).filter(([name]) => name.startsWith('value'))) {
    const element = elements.get(`${id}.value[x]`) ?? elements.get(`${id}.value[x]:${key}`);
    const found = element?.type?.find(({ code }) => `value${code.charAt(0).toUpperCase()}${code.slice(1)}` === key);
    if (!found) {
      problems.add(`${where}.${key}: ${extension.url} is no such type`);
    } else {
      const at = { element: { ...element, path: `${extension.url}#value[x]` }, type: found.code, path: element.path };
      walkElement(value, types.get('Extension'), at, `${where}.${key}`, false);
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const resource = JSON.parse(line);
  checked += 1;
  walkResource(resource, `${resource.resourceType}/${resource.id}: ${resource.resourceType}`);
}
console.log(JSON.stringify({
  checked,
  problems: [...problems],
  bindings: Object.fromEntries([...bindings].sort(([one], [other]) => (one < other ? -1 : 1))),
  unused: explained.filter((reason) => !used.has(reason)),
}));
