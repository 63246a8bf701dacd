// The oracle knows R4's rules: examples of the specification (search.html, 3.1.1.4), and edges of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { expressionFor, implicitSystems } from './definitions.mjs';
import { interval, matches as dates } from './match/date.mjs';
import { Decimal, compare } from './match/number.mjs';
import { local } from './match/reference.mjs';
import { matches as strings } from './match/string.mjs';
import { all, any, not } from './truth.mjs';

const moment = (text) => BigInt(Date.parse(text)) * 1000n;

test('what is open stays open unless the rest decides', () => {
  assert.equal(any([false, null]), null);
  assert.equal(any([null, true]), true);
  assert.equal(all([null, false]), false);
  assert.equal(not(null), null);
});

test('a date lasts as long as its precision, in the zone of the hospital', () => {
  const zone = 'Atlantic/Canary';
  assert.deepEqual(interval('2024', zone), [moment('2024-01-01T00:00Z'), moment('2025-01-01T00:00Z')]);
  assert.deepEqual(interval('2024-12', zone), [moment('2024-12-01T00:00Z'), moment('2025-01-01T00:00Z')]);
  assert.deepEqual(interval('2024-07-15', zone), [moment('2024-07-14T23:00Z'), moment('2024-07-15T23:00Z')]);
  // the day on which the clocks go forward has 23 hours
  assert.deepEqual(interval('2024-03-31', zone), [moment('2024-03-31T00:00Z'), moment('2024-03-31T23:00Z')]);
  assert.deepEqual(interval('2024-07-15T10:00', zone), [moment('2024-07-15T09:00Z'), moment('2024-07-15T09:01Z')]);
  assert.deepEqual(interval('2024-07-15T10:00:00+05:30', zone), [moment('2024-07-15T04:30:00Z'), moment('2024-07-15T04:30:01Z')]);
  assert.deepEqual(interval('2024-07-15T10:00:00.25Z', zone), [moment('2024-07-15T10:00:00.25Z'), moment('2024-07-15T10:00:00.26Z')]);
});

test('prefixes compare intervals', () => {
  const context = { zone: 'UTC', now: moment('2026-01-01T00:00Z') };
  const finds = (prefix, text, value) => dates([{ type: 'dateTime', value }], prefix, text, context);
  // R4: eq2013-01-14 matches 2013-01-14T00:00, 2013-01-14T10:00 and 2013-01-14, not 2013-01-15T00:00
  for (const [value, expected] of [['2013-01-14T00:00:00Z', true], ['2013-01-14T10:00:00Z', true], ['2013-01-14', true], ['2013-01-15T00:00:00Z', false], ['2013-01', false]]) {
    assert.equal(finds('eq', '2013-01-14', value), expected, value);
    assert.equal(finds('ne', '2013-01-14', value), !expected, value);
  }
  // R4: lt2013-01-14T10:00 matches the day 2013-01-14, for a part of it is before
  assert.equal(finds('lt', '2013-01-14T10:00Z', '2013-01-14'), true);
  assert.equal(finds('gt', '2013-01-14T10:00Z', '2013-01-14'), true);
  assert.equal(finds('sa', '2013-01-14T10:00Z', '2013-01-14'), false);
  assert.equal(finds('eb', '2013-01-14', '2013-01-13'), true);
  // a period without end goes on: R4, gt, ge and sa
  const period = (prefix, text, value) => dates([{ type: 'Period', value }], prefix, text, context);
  assert.equal(period('gt', '2999', { start: '2013-01-21' }), true);
  assert.equal(period('eq', '2013', { start: '2013-01-21' }), false);
  assert.equal(period('lt', '1000', { end: '2013-01-21' }), true);
  // a tenth of the distance to now; near the edge it is open
  assert.equal(finds('ap', '2016-01-01', '2016-11-01'), true);
  assert.equal(finds('ap', '2016-01-01', '2017-06-01'), false);
});

test('a number is as exact as it is written', () => {
  const is = (prefix, value, text) => compare(prefix, [Decimal.parse(value), Decimal.parse(value)], text);
  // R4: 5.4 is 5.4 to its precision, from 5.35 on and below 5.45
  for (const [value, expected] of [['5.35', true], ['5.4', true], ['5.449', true], ['5.45', false], ['5.34', false]]) {
    assert.equal(is('', value, '5.4'), expected, value);
    assert.equal(is('ne', value, '5.4'), !expected, value);
  }
  assert.equal(is('', '99.6', '100'), true);
  assert.equal(is('', '99.6', '100.00'), false);
  assert.equal(is('', '13.44', '1.34e1'), true);
  assert.equal(is('', '13.45', '1.34e1'), false);
  // gt and its like ignore the precision
  assert.equal(is('gt', '5.41', '5.4'), true);
  assert.equal(is('gt', '5.4', '5.40'), false);
  assert.equal(is('le', '5.4', '5.40'), true);
  assert.equal(is('ap', '105', '100'), true);
  assert.equal(is('ap', '120', '100'), false);
  assert.equal(is('', '-5.4', '-5.4'), true);
});

test('strings ignore case and accents, and start at words', () => {
  const name = [{ type: 'HumanName', value: { family: 'Nuñez Pérez', given: ['Ana Isabel'], text: 'Ana Isabel Nuñez' } }];
  assert.equal(strings(name, '', 'nunez'), true);
  assert.equal(strings(name, '', 'PEREZ'), true);
  assert.equal(strings(name, '', 'sabel'), false);
  assert.equal(strings(name, 'contains', 'sabel'), true);
  assert.equal(strings(name, 'exact', 'Ana Isabel'), true);
  assert.equal(strings(name, 'exact', 'Ana isabel'), false);
  assert.equal(strings(name, '', 'Isabel Nu'), null, 'across the parts: only if the server searches the text');
});

test('official expressions become FHIRPath for one type', () => {
  const official = 'Condition.subject.where(resolve() is Patient) | (DeviceRequest.code as CodeableConcept)';
  assert.deepEqual(expressionFor('Condition', official), { expression: 'Condition.subject', targets: ['Patient'] });
  assert.equal(expressionFor('DeviceRequest', official).expression, 'DeviceRequest.code.ofType(CodeableConcept)');
  assert.deepEqual(implicitSystems('Patient.gender'), ['http://hl7.org/fhir/administrative-gender']);
});

test('a reference is local or leads elsewhere', () => {
  const at = (reference) => local({ value: { reference } }, 'http://h/fhir');
  assert.deepEqual(at('Patient/1'), { type: 'Patient', id: '1' });
  assert.deepEqual(at('http://h/fhir/Patient/1'), { type: 'Patient', id: '1' });
  assert.equal(at('http://other/fhir/Patient/1'), undefined);
  assert.equal(at('#contained'), undefined);
});
