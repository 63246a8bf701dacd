// Local time of a time zone, by the tables of the JavaScript engine.

const formats = new Map();

function format(zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric',
      hour: 'numeric', minute: 'numeric', second: 'numeric',
    }));
  }
  return formats.get(zone);
}

function utc(year, month, day, hour = 0, minute = 0, second = 0) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, 0);
  return date.getTime();
}

// By how many milliseconds local time is ahead of UTC at a moment.
function offset(zone, moment) {
  const parts = Object.fromEntries(format(zone).formatToParts(new Date(moment)).map(({ type, value }) => [type, value]));
  const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
  const [month, day, hour, minute, second] = ['month', 'day', 'hour', 'minute', 'second'].map((part) => Number(parts[part]));
  return utc(year, month, day, hour, minute, second) - Math.floor(moment / 1000) * 1000;
}

// The moment of a local time, in microseconds of UTC. Months and days may overflow into the next.
export function startOf(zone, ...parts) {
  const local = utc(...parts);
  let moment = local - offset(zone, local);
  moment = local - offset(zone, moment);
  return BigInt(moment) * 1000n;
}
