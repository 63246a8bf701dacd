// Uri parameters (R4, search, section "uri"): the whole, to the letter.

import { escaped } from '../text.mjs';
import { any } from '../truth.mjs';

export function* candidates(fields, { random }) {
  for (;;) {
    const { value } = random.one(fields);
    for (const [kind, wanted] of [['whole', value], ['start', value.slice(0, -1)], ['nothing', 'urn:zq']]) {
      yield { modifier: '', kind, text: escaped(wanted), test: (values) => any(values.map((each) => each.value === wanted)) };
    }
    const above = value.slice(0, Math.max(value.lastIndexOf('/'), 0)) || value;
    const under = (upper, lower) => lower === upper || lower.startsWith(upper.endsWith('/') ? upper : `${upper}/`);
    yield { modifier: 'below', kind: 'below', text: escaped(above), test: (values) => any(values.map((each) => under(above, each.value))) };
    yield { modifier: 'above', kind: 'above', text: escaped(`${value}/x`), test: (values) => any(values.map((each) => under(each.value, `${value}/x`))) };
  }
}

export const floor = [''];
