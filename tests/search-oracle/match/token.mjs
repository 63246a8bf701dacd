// Token parameters (R4, search, section "token").

import { implicitSystems } from '../definitions.mjs';
import { escaped } from '../text.mjs';
import { all, any } from '../truth.mjs';
import { matches as textMatches } from './string.mjs';

// What is compared: system and code. `bare`: R4 allows no bar in a search for it. `closed`: other values than those that
// there can be may be refused.
export function codings({ type, value, path }) {
  switch (type) {
    case 'CodeableConcept':
      return value.coding ?? [];
    case 'Coding':
      return [value];
    case 'Identifier':
      return [{ system: value.system, code: value.value }];
    case 'ContactPoint':
      return [{ code: value.value, bare: true }];
    case 'code':
      return [{ code: value, implicit: implicitSystems(path.replace(/\.where\([^)]*\)/g, '')) }];
    case 'boolean':
    case 'Boolean':
      return [{ code: String(value), bare: true, closed: true }];
    default:
      return [{ code: String(value), bare: true }];
  }
}

// R4 leaves case to the server: some code systems are case-sensitive, and for others it SHOULD not count.
function sameCode(code, wanted) {
  if (code === wanted) {
    return true;
  }
  return code?.toLowerCase() === wanted.toLowerCase() ? null : false;
}

function sameSystem(coding, wanted) {
  if (wanted === undefined) {
    return true;
  }
  if (coding.implicit) {
    // The system of a `code` is not in the resource, so "no system" may or may not mean it.
    return wanted === '' ? null : coding.implicit.includes(wanted);
  }
  return (coding.system ?? '') === wanted;
}

function matches(values, { system, code }) {
  return any(values.flatMap(codings).map((coding) =>
    all([sameSystem(coding, system), code === undefined ? coding.code !== undefined : sameCode(coding.code, code)])));
}

// The texts that `:text` looks at.
function associated({ type, value }) {
  switch (type) {
    case 'CodeableConcept':
      return [value.text, ...(value.coding ?? []).map((coding) => coding.display)];
    case 'Coding':
      return [value.display];
    case 'Identifier':
      return [value.type?.text, ...(value.type?.coding ?? []).map((coding) => coding.display)];
    default:
      return [];
  }
}

const asStrings = (field) => associated(field).filter(Boolean).map((value) => ({ type: 'string', value }));

function ofType({ type, value }, wanted) {
  if (type !== 'Identifier') {
    return false;
  }
  const typed = (value.type?.coding ?? []).some(({ system, code }) => system === wanted.system && code === wanted.code);
  return typed ? sameCode(value.value, wanted.value) : false;
}

// ICD-10 has its hierarchy in its codes: A00.1 is below A00.
const ICD10 = 'http://hl7.org/fhir/sid/icd-10';
const bare = (code) => code.replace('.', '');

function related(values, modifier, wanted) {
  return any(values.flatMap(codings).map(({ system, code }) => {
    if (system !== wanted.system || code === undefined) {
      return false;
    }
    const [upper, lower] = modifier === 'below' ? [wanted.code, code] : [code, wanted.code];
    return bare(lower).startsWith(bare(upper));
  }));
}

function* tokens(coding, random) {
  const code = escaped(coding.code);
  yield ['code', code, { code: coding.code }];
  if (coding.closed) {
    const other = String(coding.code === 'false');
    yield ['other', other, { code: other }];
    return;
  }
  yield ['other case', escaped(coding.code.toUpperCase()), { code: coding.code.toUpperCase() }];
  yield ['nothing', `zq${random.below(1e6)}`, { code: 'zq' }];
  yield ['part of code', escaped(`${coding.code}x`), { code: `${coding.code}x` }];
  if (coding.bare) {
    return;
  }
  const system = coding.implicit?.length === 1 ? coding.implicit[0] : coding.system;
  if (system) {
    yield ['system|code', `${escaped(system)}|${code}`, { system, code: coding.code }];
    yield ['system|', `${escaped(system)}|`, { system }];
    yield ['part of system', `${escaped(`${system}/x`)}|${code}`, { system: `${system}/x`, code: coding.code }];
  }
  yield ['other system', `urn:oid:2.999|${code}`, { system: 'urn:oid:2.999', code: coding.code }];
  if (!coding.implicit) {
    yield ['|code', `|${code}`, { system: '', code: coding.code }];
  }
}

function* ofOne(field, { random }) {
  for (const coding of codings(field).filter(({ code }) => code !== undefined && code !== '')) {
    for (const [kind, text, wanted] of tokens(coding, random)) {
      yield { modifier: '', kind, text, test: (values) => matches(values, wanted) };
      yield { modifier: 'not', kind, text, negated: true, test: (values) => matches(values, wanted) };
    }
    if (coding.system === ICD10) {
      for (const code of new Set([coding.code, coding.code.slice(0, 3)])) {
        for (const modifier of ['below', 'above']) {
          const wanted = { system: ICD10, code };
          const text = `${ICD10}|${escaped(code)}`;
          yield { modifier, kind: 'icd-10', text, test: (values) => related(values, modifier, wanted) };
        }
      }
    }
  }
  for (const text of associated(field).filter(Boolean)) {
    const [word] = random.shuffled(text.split(/\s+/).filter(Boolean));
    for (const wanted of [text.trim(), word, word.toUpperCase(), `${word}zq`]) {
      yield {
        modifier: 'text',
        kind: 'text',
        text: escaped(wanted),
        test: (values) => textMatches(values.flatMap(asStrings), '', wanted),
      };
    }
  }
  for (const { system, code } of field.type === 'Identifier' ? field.value.type?.coding ?? [] : []) {
    for (const value of [field.value.value, 'zq']) {
      const wanted = { system, code, value };
      const text = [system, code, value].map((part) => escaped(part ?? '')).join('|');
      yield { modifier: 'of-type', kind: 'of-type', text, test: (values) => any(values.map((each) => ofType(each, wanted))) };
    }
  }
}

export function* candidates(fields, context) {
  for (;;) {
    yield* ofOne(context.random.one(fields), context);
  }
}

export const floor = ['', 'not'];
