// Reads FHIR XML and gives it as FHIR JSON: a document as a JSON string per line on stdin, a JSON resource per line on
// stdout. With the argument --to-xml the other way round. The conversion is that of fhir.js, by HL7's StructureDefinitions;
// it knows nothing of the server.

import { createInterface } from 'node:readline';
import fhir from 'fhir';

const converter = new fhir.Fhir();
for await (const line of createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  const converted = process.argv.includes('--to-xml') ? converter.objToXml(given) : converter.xmlToObj(given);
  console.log(JSON.stringify(converted));
}
