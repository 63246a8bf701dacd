// The order that `_sort` must give (R4, search, section "sorting"). For each resource a span of places: it must not stand
// before one whose span lies wholly below its own. Spans that overlap are ties, or orders that R4 leaves to the server.

import { fieldInterval } from './match/date.mjs';
import { fold, texts } from './match/string.mjs';
import { codings } from './match/token.mjs';
import { key } from './world.mjs';

const END = '\u{10ffff}';

// The span of one value, of things that compare.
function span(kind, field, zone) {
  switch (kind) {
    case 'date':
      return fieldInterval(field, zone);
    case 'number':
      return [field.value, field.value];
    case 'string': {
      // Of what parts a name or an address is sorted is the server's, and how it collates more than letters and digits.
      const [only, ...others] = texts(field);
      const [start] = others.length > 0 || typeof field.value !== 'string' ? [''] : fold(only.text).match(/^[a-z0-9]*/);
      return [start, start + END];
    }
    default:
      return undefined;
  }
}

const ANYWHERE = [0, Number.MAX_SAFE_INTEGER];

// The places by parameter; resources without a value come last.
export function order(parameter, resources, zone, descending) {
  const spans = new Map();
  for (const resource of resources) {
    const found = parameter.values(resource).map((field) => span(parameter.kind, field, zone));
    if (found.length > 0) {
      spans.set(key(resource), found);
    }
  }
  const ends = [...new Set([...spans.values()].flat(2))].filter((end) => end !== undefined);
  const ranks = new Map(ends.sort((one, other) => (one < other ? -1 : one > other ? 1 : 0)).map((end, index) => [end, index]));
  const places = {};
  for (const [name, found] of spans) {
    places[name] = place(found, ranks, ends.length, descending);
  }
  const last = resources.map(key).filter((name) => !spans.has(name));
  return { places, last };
}

// Of several values the one counts that comes first in the direction of the sort.
function place(found, ranks, number, descending) {
  if (found.some((each) => each === undefined)) {
    return ANYWHERE;
  }
  const ranked = found.map(([low, high]) => (descending ? [number - ranks.get(high), number - ranks.get(low)] : [ranks.get(low), ranks.get(high)]));
  const first = (index) => Math.min(...ranked.map((each) => each[index]));
  return [first(0), first(1)];
}

// Resources with one and the same token or reference stand together, whatever the order among tokens is.
export function groups(parameter, resources) {
  const found = {};
  for (const resource of resources) {
    const values = parameter.values(resource);
    const names = parameter.kind === 'token' ? values.flatMap(codings).map(({ system, code }) => `${system ?? ''}|${code}`) : values.map(({ value }) => value.reference);
    if (values.length === 1 && names.length === 1) {
      found[key(resource)] = names[0];
    }
  }
  return found;
}
