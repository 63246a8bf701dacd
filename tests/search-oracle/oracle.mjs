// Says what searches must find. stdin: one JSON value,
//   {base, zone, now, seed, wanted, statement, resources}
// the base URL of the server, the time zone of the hospital, the time in milliseconds, a seed for the choice of values, about how
// many questions are wanted, the server's CapabilityStatement, and every resource that it serves. stdout: a question a line,
//   query     path and query
//   kind      what it tries, for the summary
//   feature   what a server need not have; empty: it must answer
//   expected  who must be found, as Type/id
//   open      who may be found: the specification leaves it to the server
//   included  who must come along as include
//   places, last, groups, page   the order that a sort must give, see sort.mjs, and a page size to ask it with
//
// The definitions are HL7's, the FHIRPath engine is not ours, and nothing here knows SQL or GNU Health.

import { text } from 'node:stream/consumers';
import { generate } from './generate.mjs';
import { World } from './world.mjs';

const input = JSON.parse(await text(process.stdin));
const world = new World(input);
const all = [...generate(world, input.wanted)];
// The simple ones are many: of them some are left out by lot. Those of which there are few stay.
const few = (question) => question.page || question.included || question.feature || question.kind.includes('missing');
const most = Math.max(0, input.wanted - all.filter(few).length);
const simple = world.random.shuffled(all.filter((question) => !few(question)));
// Those first that are asked of a parameter by itself, some of each.
const OF_EACH = 8;
const asked = new Map();
const [first, rest] = [[], []];
for (const question of simple) {
  const name = question.query.split('=')[0];
  asked.set(name, (asked.get(name) ?? 0) + 1);
  (asked.get(name) <= OF_EACH ? first : rest).push(question);
}
const kept = new Set([...first, ...rest].slice(0, Math.max(most, first.length)));
const lines = all.filter((question) => few(question) || kept.has(question)).map((question) => JSON.stringify(question));
process.stdout.write(`${lines.join('\n')}\n`);
