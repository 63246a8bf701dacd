// String parameters (R4, search, section "string"). Case and accents do not count. As this server declares it, a value
// matches at the start of any word, and words are what spaces separate.

import { any, perhaps } from '../truth.mjs';
import { escaped, graphemes } from '../text.mjs';

// Without case and accents. Letter by letter, or a final sigma would be another letter than one within a word.
export function fold(text) {
  const bare = text.normalize('NFD').replace(/[\u0300-\u036f]/g, '');
  return [...bare].map((letter) => letter.toLowerCase()).join('').replaceAll('ς', 'σ').normalize('NFC');
}

const PARTS = {
  HumanName: ['family', 'given', 'prefix', 'suffix'],
  Address: ['line', 'city', 'district', 'state', 'country', 'postalCode'],
};

// The texts of a value. `text` of a name or address repeats its parts in an order of its own: R4 says that a server may
// search it.
export function texts({ type, value }) {
  if (typeof value === 'string') {
    return [{ text: value, soft: false }];
  }
  const parts = PARTS[type] ?? [];
  const own = parts.flatMap((part) => value[part] ?? []).map((text) => ({ text, soft: false }));
  return value.text === undefined ? own : [...own, { text: value.text, soft: true }];
}

function compare(mode, text, wanted) {
  if (mode === 'exact') {
    return text.trim() === wanted;
  }
  const [field, value] = [fold(text), fold(wanted)];
  if (mode === 'contains') {
    return field.includes(value);
  }
  if (` ${field}`.includes(` ${value}`)) {
    return true;
  }
  // Other white space than a space: whether a word starts there is open.
  return ` ${field.replace(/\s/g, ' ')}`.includes(` ${value}`) ? null : false;
}

export function matches(values, mode, wanted) {
  return any(values.flatMap(texts).map(({ text, soft }) => {
    const truth = compare(mode, text, wanted);
    return soft ? perhaps(truth) : truth;
  }));
}

// One value in several spellings: [what it is, the text].
function* spellings(text, random) {
  const letters = graphemes(text);
  const words = text.split(/\s+/).filter(Boolean);
  const word = graphemes(random.one(words));
  yield ['whole', text];
  yield ['start', letters.slice(0, 1 + random.below(letters.length)).join('')];
  yield ['word', random.one(words)];
  yield ['start of word', word.slice(0, 1 + random.below(word.length)).join('')];
  yield ['within word', word.slice(random.below(word.length)).join('')];
  yield ['from word on', words.slice(random.below(words.length)).join(' ')];
  yield ['upper case', letters.map((letter) => oneToOne(letter, letter.toUpperCase())).join('')];
  yield ['lower case', letters.map((letter) => oneToOne(letter, letter.toLowerCase())).join('')];
  yield ['decomposed', text.normalize('NFD')];
  yield ['without accents', text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').normalize('NFC')];
  yield ['with accents', letters.map((letter) => (/^[aeiou]$/i.test(letter) ? `${letter}\u0301` : letter)).join('').normalize('NFC')];
  yield ['outer spaces', `  ${text} `];
  yield ['with more', `${text}x`];
  yield ['nothing', `zq${random.below(1e6)}`];
}

// ß would become two letters, which no rule of R4 equates.
const oneToOne = (letter, other) => ([...letter].length === [...other].length ? other : letter);

export function* candidates(fields, { random }) {
  const known = [...new Set(fields.flatMap(texts).map(({ text }) => text))].filter((text) => text.trim() !== '');
  for (;;) {
    const text = random.one(known);
    for (const [what, spelled] of spellings(text.trim(), random)) {
      const wanted = spelled.trim();
      if (fold(wanted).trim() === '') {
        continue;
      }
      for (const mode of ['', 'exact', 'contains']) {
        yield {
          modifier: mode,
          kind: what,
          text: escaped(spelled),
          test: (values) => matches(values, mode, wanted),
        };
      }
    }
  }
}

export const floor = ['', 'exact', 'contains'];
