// Reads everything with npm's fhir-kit-client. Question and answer as in python_clients.py.

import { text } from 'node:stream/consumers';
import { Client } from 'fhir-kit-client';

const PAGE = 250;
const FOLLOWED = 5;

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
  const some = [...new Set(references(found))].filter((reference) => reference.includes('/')).sort().slice(0, FOLLOWED);
  for (const reference of some) {
    const target = await client.resolve({ reference, context: found[0] });
    followed.push(`${target.resourceType}/${target.id}`);
  }
}
console.log(JSON.stringify({ read, followed, columns: {} }));
