// Date parameters (R4, search, sections "prefixes" and "date"): values and fields are intervals of moments, from the
// first included to the last excluded, in microseconds of UTC. What has no zone is in the hospital's.

import { startOf } from '../zone.mjs';
import { any } from '../truth.mjs';

const SECOND = 1_000_000n;
const FOREVER = 10n ** 30n;

const SYNTAX = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

// The interval that a date or dateTime stands for.
export function interval(text, zone) {
  const [, year, month, day, hour, minute, second, fraction, offset] = text.match(SYNTAX);
  const local = (...parts) => startOf(zone, ...parts);
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (month === undefined) {
    return [local(y, 1, 1), local(y + 1, 1, 1)];
  }
  if (day === undefined) {
    return [local(y, m, 1), local(y, m + 1, 1)];
  }
  if (hour === undefined) {
    return [local(y, m, d), local(y, m, d + 1)];
  }
  const precision = second === undefined ? 60n * SECOND : fraction === undefined ? SECOND : 10n ** BigInt(6 - Math.min(6, fraction.length));
  const inside = BigInt((fraction ?? '').padEnd(6, '0').slice(0, 6));
  const whole = offset === undefined ? local(y, m, d, Number(hour), Number(minute), Number(second ?? 0)) : moment(text.slice(0, 16), second, offset);
  return [whole + inside, whole + inside + precision];
}

function moment(minutes, second, offset) {
  const date = new Date(`${minutes}:${second ?? '00'}${offset}`);
  return BigInt(date.getTime()) * 1000n;
}

// The interval of a field: dates, times and periods; what a timing names lasts from its first moment to its last.
export function fieldInterval({ value }, zone) {
  if (typeof value === 'string') {
    return interval(value, zone);
  }
  const bounds = value.repeat?.boundsPeriod ?? value;
  const moments = (value.event ?? []).map((each) => interval(each, zone));
  const start = bounds.start === undefined ? undefined : interval(bounds.start, zone)[0];
  const end = bounds.end === undefined ? undefined : interval(bounds.end, zone)[1];
  if (moments.length > 0) {
    return [moments.map(([first]) => first).reduce(least), moments.map(([, last]) => last).reduce(most)];
  }
  return start === undefined && end === undefined ? undefined : [start ?? -FOREVER, end ?? FOREVER];
}

const least = (one, other) => (one < other ? one : other);
const most = (one, other) => (one > other ? one : other);

// R4's table of prefixes: what the interval of the field must be to that of the value.
function compare(prefix, [fieldStart, fieldEnd], [start, end], now) {
  const inside = start <= fieldStart && fieldEnd <= end;
  switch (prefix) {
    case '':
    case 'eq':
      return inside;
    case 'ne':
      return !inside;
    case 'gt':
      return fieldEnd > end;
    case 'lt':
      return fieldStart < start;
    case 'ge':
      return fieldEnd > end || inside;
    case 'le':
      return fieldStart < start || inside;
    case 'sa':
      return fieldStart >= end;
    case 'eb':
      return fieldEnd <= start;
    case 'ap':
      return approximately([fieldStart, fieldEnd], [start, end], now);
  }
}

// A tenth of the distance to now, on both sides. From which end it is measured is open, and now moves on.
function approximately(field, [start, end], now) {
  const distances = [start, end].map((moment) => (now > moment ? now - moment : moment - now) / 10n);
  const overlaps = (margin) => field[0] < end + margin && field[1] > start - margin;
  const surely = overlaps(least(...distances) - 3600n * SECOND);
  const perhaps = overlaps(most(...distances) + 3600n * SECOND);
  return surely ? true : perhaps ? null : false;
}

export function matches(values, prefix, text, { zone, now }) {
  const wanted = interval(text, zone);
  const truths = values.map((value) => fieldInterval(value, zone)).filter(Boolean);
  return any(truths.map((field) => compare(prefix, field, wanted, now)));
}

export const PREFIXES = ['', 'eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sa', 'eb', 'ap'];

// Texts of several precisions and zones around a moment.
function* spellings(microseconds, random) {
  const date = new Date(Number(microseconds / 1000n));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1000 || date.getUTCFullYear() > 9990) {
    return;
  }
  const moved = (milliseconds) => new Date(date.getTime() + milliseconds).toISOString();
  const text = moved(0);
  yield ['year', text.slice(0, 4)];
  yield ['month', text.slice(0, 7)];
  yield ['day', text.slice(0, 10)];
  yield ['another day', moved((random.below(800) - 400) * 86_400_000).slice(0, 10)];
  yield ['next day', moved(86_400_000).slice(0, 10)];
  yield ['minute', `${text.slice(0, 16)}Z`];
  yield ['second', `${text.slice(0, 19)}Z`];
  yield ['local minute', text.slice(0, 16)];
  yield ['local second', text.slice(0, 19)];
  yield ['offset', `${moved(5.5 * 3_600_000).slice(0, 19)}+05:30`];
  yield ['other offset', `${text.slice(0, 16)}-03:00`];
  yield ['fraction', `${text.slice(0, 23)}Z`];
}

export function* candidates(fields, context) {
  const intervals = fields.map((field) => fieldInterval(field, context.zone)).filter(Boolean);
  for (;;) {
    const [start, end] = context.random.one(intervals);
    const moment = context.random.one([start, end].filter((each) => each > -FOREVER && each < FOREVER));
    for (const [kind, text] of moment === undefined ? [] : spellings(moment, context.random)) {
      for (const prefix of PREFIXES) {
        yield { modifier: '', kind: `${prefix || 'none'} ${kind}`, prefix, text: prefix + text, test: (values) => matches(values, prefix, text, context) };
      }
    }
  }
}

export const floor = [''];
