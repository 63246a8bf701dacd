// Reads everything with npm's fhir-kit-client. Question and answer as in python_clients.py.

import { text } from 'node:stream/consumers';
import { Client } from 'fhir-kit-client';

const PAGE = 250;
const FOLLOWED = 3;

function* references(value) {
  if (value && typeof value === 'object') {
    if (typeof value.reference === 'string') {
      yield value.reference;
    }
    for (const inner of Object.values(value)) {
      yield* references(inner);
    }
  }
}

/** A few references, to different targets, of each type. */
function some(all) {
  const taken = new Map();
  return [...new Set(all)].filter((one) => one.includes('/')).sort().filter((one) => {
    const [type] = one.split('/');
    taken.set(type, (taken.get(type) ?? 0) + 1);
    return taken.get(type) <= FOLLOWED;
  });
}

const { base, authorization, types } = JSON.parse(await text(process.stdin));
const client = new Client({ baseUrl: base, customHeaders: { authorization } });
const read = {};
const followed = [];
for (const resourceType of types) {
  const found = [];
  let bundle = await client.search({ resourceType, searchParams: { _count: PAGE } });
  while (bundle) {
    found.push(...(bundle.entry ?? []).filter((entry) => entry.search?.mode === 'match').map((entry) => entry.resource));
    bundle = await client.nextPage({ bundle });
  }
  read[resourceType] = found.map((resource) => `${resource.resourceType}/${resource.id}`);
  for (const reference of some(references(found))) {
    const target = await client.resolve({ reference, context: found[0] });
    followed.push(`${target.resourceType}/${target.id}`);
  }
}
console.log(JSON.stringify({ read, followed, columns: {} }));
