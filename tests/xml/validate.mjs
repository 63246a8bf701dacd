// Validates FHIR R4 with fhir.js, by its own reading of HL7's definitions: JSON, and XML as it is. On stdin a line each: a
// resource, or an XML document as a JSON string. On stdout a problem per line, and in the end "checked N".

import { createInterface } from 'node:readline';
import fhir from 'fhir';
import { plain } from './plain.mjs';

const validator = new fhir.Fhir();
let checked = 0;
for await (const line of createInterface({ input: process.stdin })) {
  checked += 1;
  let messages;
  try {
    const given = JSON.parse(line);
    ({ messages } = validator.validate(typeof given === 'string' ? plain(given) : given, { errorOnUnexpected: true }));
  } catch (error) {
    messages = [{ severity: 'fatal', message: String(error) }];
  }
  for (const { severity, location, resourceId, message } of messages) {
    if (severity === 'error' || severity === 'fatal') {
      console.log(`line ${checked}: ${location ?? ''}: ${message} (${resourceId ?? '-'})`);
    }
  }
}
console.log(`checked ${checked}`);
