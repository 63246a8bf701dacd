// Questions for the server: a query, and what it must find.

import { all, any } from './truth.mjs';
import { key } from './world.mjs';

const encoded = (text) => encodeURIComponent(text).replace(/%2C/g, ',').replace(/%3A/g, ':').replace(/%2F/g, '/');

export const query = (pairs) => pairs.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');

// What must be found among resources, and what may be.
export function judged(resources, test) {
  const truths = resources.map((resource) => [key(resource), test(resource)]);
  const with_ = (wanted) => truths.filter(([, truth]) => truth === wanted).map(([name]) => name);
  return { expected: with_(true), open: with_(null) };
}

// A question for all resources of a type that fulfil all criteria.
export function question(world, type, criteria, more = {}) {
  return {
    query: `/${type}?${query(criteria.map(({ name, text }) => [name, text]))}`,
    kind: criteria.map(({ kind }) => kind).join(' & '),
    feature: [...new Set(criteria.map(({ feature }) => feature).filter(Boolean))].join(' & '),
    ...judged(world.resources(type), (resource) => all(criteria.map(({ test }) => test(resource)))),
    ...more,
  };
}

// `subject:Patient.name=…`: a criterion on what the reference leads to.
export function chained(world, reference, target, inner) {
  // Where a reference may lead to several types, the chain has to say to which.
  const typed = reference.targets.length > 1;
  return {
    name: `${reference.code}${typed ? `:${target}` : ''}.${inner.name}`,
    kind: `chain ${inner.kind}`,
    feature: inner.feature || 'chain',
    text: inner.text,
    test: (resource) => any(reference.values(resource).map((value) => {
      const found = world.resolve(value);
      return found?.resourceType === target ? inner.test(found) : false;
    })),
  };
}

// `_has:Observation:patient:code=…`: a criterion on what refers to the resource.
export function reversed(world, reference, inner) {
  const referring = world.resources(reference.type);
  const leads = new Map();
  for (const from of referring) {
    for (const value of reference.values(from)) {
      const to = world.resolve(value);
      if (to) {
        leads.set(key(to), [...(leads.get(key(to)) ?? []), from]);
      }
    }
  }
  return {
    name: `_has:${reference.type}:${reference.code}:${inner.name}`,
    kind: `_has ${inner.kind}`,
    feature: inner.feature || '_has',
    text: inner.text,
    test: (resource) => any((leads.get(key(resource)) ?? []).map((from) => inner.test(from))),
  };
}
