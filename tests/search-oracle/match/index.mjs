// The types of search parameters: each gives candidates for queries, which know what they match.
//
// A candidate is one value of a parameter: `modifier`, `text` as it stands in a query, `kind` for the summary, `test`, which
// says for the values that a resource has whether they match, and `negated` if a resource without a match is meant.

import * as date from './date.mjs';
import * as number from './number.mjs';
import * as quantity from './quantity.mjs';
import * as reference from './reference.mjs';
import * as string from './string.mjs';
import * as token from './token.mjs';
import * as uri from './uri.mjs';

export const TYPES = { date, number, quantity, reference, string, token, uri };
