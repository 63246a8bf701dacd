// fhir.js takes no exponent in the decimals of XML, which FHIR allows (R4, datatypes, decimal): 1e-09 is 0.000000001.

/** XML in which the decimals are written out, for fhir.js. */
export function plain(xml) {
  return xml.replace(/(<value value=")(-?\d+(?:\.\d+)?[eE][+-]?\d+)"/g, (_, before, number) => `${before}${writtenOut(number)}"`);
}

function writtenOut(number) {
  const [, sign, whole, fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d+)$/.exec(number);
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point >= digits.length) {
    return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  }
  return point > 0
    ? `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
    : `${sign}0.${'0'.repeat(-point)}${digits}`;
}
