// Texts in a query.

// With the escapes of R4 (search, section "escaping search parameters").
export const escaped = (text) => text.replace(/[\\,|$]/g, '\\$&');

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

// The letters as their readers see them: accents stay with what they stand on.
export const graphemes = (text) => [...segmenter.segment(text)].map(({ segment }) => segment);
