// Reference parameters (R4, search, section "reference").

import { escaped } from '../text.mjs';
import { any } from '../truth.mjs';

// The type and id that a reference names on this server; undefined for one that leads elsewhere or has none.
export function local({ value }, base) {
  const reference = value?.reference ?? value;
  if (typeof reference !== 'string') {
    return undefined;
  }
  const relative = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  const [, type, id] = relative.match(/^([A-Z]\w+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/.*)?$/) ?? [];
  return type && { type, id };
}

const found = (values, base, test) => any(values.map((value) => {
  const named = local(value, base);
  return named !== undefined && test(named);
}));

function* ofOne(field, { base }) {
  const named = local(field, base);
  if (named) {
    const { type, id } = named;
    const same = (values) => found(values, base, (each) => each.type === type && each.id === id);
    yield { modifier: '', kind: 'id', text: escaped(id), test: (values) => found(values, base, (each) => each.id === id) };
    yield { modifier: '', kind: 'type/id', text: `${type}/${escaped(id)}`, test: same };
    yield { modifier: '', kind: 'absolute', text: `${base}/${type}/${escaped(id)}`, test: same };
    yield { modifier: '', kind: 'elsewhere', text: `http://elsewhere.example/fhir/${type}/${escaped(id)}`, test: () => false };
    yield { modifier: type, kind: ':[type]', text: escaped(id), test: same };
    yield { modifier: type, kind: ':[type] nothing', text: '999999999', test: () => false };
    yield { modifier: '', kind: 'nothing', text: `${type}/999999999`, test: () => false };
    yield { modifier: '', kind: 'nothing', text: '999999999', test: () => false };
  }
  const { system, value } = field.value?.identifier ?? {};
  if (value) {
    const identified = (test) => (values) => any(values.map((each) => each.value.identifier !== undefined && test(each.value.identifier)));
    yield { modifier: 'identifier', kind: 'value', text: escaped(value), test: identified((each) => each.value === value) };
    if (system) {
      const both = identified((each) => each.value === value && each.system === system);
      yield { modifier: 'identifier', kind: 'system|value', text: `${escaped(system)}|${escaped(value)}`, test: both };
    }
  }
}

export function* candidates(fields, context) {
  for (;;) {
    yield* ofOne(context.random.one(fields), context);
  }
}

export const floor = [''];
