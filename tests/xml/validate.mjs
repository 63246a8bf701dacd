// Validates FHIR R4 with fhir.js, by its own reading of HL7's definitions: JSON, and XML as it is. On stdin a line each: a
// resource, or an XML document as a JSON string. On stdout a problem per line, and in the end "checked N".

import { createInterface } from 'node:readline';
import fhir from 'fhir';
import { plain } from './plain.mjs';

const validator = new fhir.Fhir();

/** fhir.js takes an element that may have several types for missing if its value is false. */
function isFalse(resource, location, resourceId) {
  const [type, ...steps] = location.replaceAll(/\[\d+\]/g, '').split(/[./]/);
  const name = steps.pop();
  if (!name?.endsWith('[x]')) {
    return false;
  }
  let values = [...nested(resource)].filter((one) => one.resourceType === type && (one.id ?? '#initial') === resourceId);
  for (const step of steps) {
    values = values.flatMap((value) => value[step] ?? []);
  }
  return values.some((value) => value[`${name.slice(0, -3)}Boolean`] === false);
}

function* nested(resource) {
  yield resource;
  for (const inner of [...(resource.contained ?? []), ...(resource.entry ?? []).map((entry) => entry.resource)]) {
    if (inner) {
      yield* nested(inner);
    }
  }
}

let checked = 0;
for await (const line of createInterface({ input: process.stdin })) {
  checked += 1;
  let messages;
  let resource;
  try {
    const given = JSON.parse(line);
    const taken = typeof given === 'string' ? plain(given) : given;
    ({ messages } = validator.validate(taken, { errorOnUnexpected: true }));
    resource = typeof taken === 'string' ? validator.xmlToObj(taken) : taken;
  } catch (error) {
    messages = [{ severity: 'fatal', message: String(error) }];
  }
  for (const { severity, location, resourceId, message } of messages) {
    const isMissing = message === 'Missing property' && !isFalse(resource, location, resourceId);
    if ((severity === 'error' || severity === 'fatal') && (isMissing || message !== 'Missing property')) {
      console.log(`line ${checked}: ${location ?? ''}: ${message} (${resourceId ?? '-'})`);
    }
  }
}
console.log(`checked ${checked}`);
