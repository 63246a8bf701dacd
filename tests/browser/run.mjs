// Runs one scenario: node run.mjs NAME, its input as JSON on standard input, what it found as JSON on standard output.
// A scenario that meets something wrong throws, and the exit code says so.

import { readFileSync } from 'node:fs';

const [name] = process.argv.slice(2);
const { default: scenario } = await import(`./scenarios/${name}.mjs`);
const input = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify((await scenario(input)) ?? null));
