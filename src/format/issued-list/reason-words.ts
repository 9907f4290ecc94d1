// SPDX-License-Identifier: Apache-2.0
/**
 * CRLReason words as authorities write them, in small letters. `keyTime` and `CAkeyTime` are openssl's
 * words for a compromise with a date.
 *
 * @see RFC 5280 section 5.3.1; openssl-ca(1), option -crl_reason
 */
export const reasonWords: ReadonlyMap<string, number> = new Map([
  ['unspecified', 0],
  ['keycompromise', 1],
  ['keytime', 1],
  ['cacompromise', 2],
  ['cakeytime', 2],
  ['affiliationchanged', 3],
  ['superseded', 4],
  ['cessationofoperation', 5],
  ['certificatehold', 6],
  ['holdinstruction', 6],
  ['privilegewithdrawn', 9],
  ['aacompromise', 10],
])
