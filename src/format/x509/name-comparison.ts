// SPDX-License-Identifier: Apache-2.0
/**
 * Whether two attribute values match by caseIgnoreMatch, RFC 5280 7.1.
 *
 * String preparation of RFC 4518: map, normalise (NFKC), insignificant spaces. Case is folded by lower case, which
 * equates no more than RFC 3454 table B.2 does; where it equates less, two names differ that a perfect comparison
 * would call equal, which is the safe side for issuing, and is caught by nobody's certificates in practice.
 */
export function sameAttributeValue(left: string, right: string): boolean {
  return left === right || prepare(left) === prepare(right)
}

function prepare(value: string): string {
  if (/^[\x21-\x7e]*$/.test(value)) return value.toLowerCase()
  return value
    .replace(mappedToNothing, '')
    .replace(mappedToSpace, ' ')
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .normalize('NFKC')
    .replace(/ +/g, ' ')
    .replace(/^ | $/g, '')
}

/** RFC 4518 2.2: soft hyphens, joiners, variation selectors, directions, controls. */
const mappedToNothing =
  /\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]|[\u00ad\u06dd\u070f\u1806\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2063\u206a-\u206f\ufeff\ufff9-\ufffc]|(?![\t\n\v\f\r\u0085])\p{Cc}/gu
const mappedToSpace = /[\t\n\v\f\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g
