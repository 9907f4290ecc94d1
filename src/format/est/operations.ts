// SPDX-License-Identifier: Apache-2.0
/** The operations of RFC 7030 section 3.2.2; none of them may be the label of an entrance. */
export const operations = [
  'cacerts',
  'csrattrs',
  'fullcmc',
  'serverkeygen',
  'simpleenroll',
  'simplereenroll',
] as const

export type Operation = (typeof operations)[number]

/** All paths of EST begin so; RFC 8615 keeps it for us. */
export const estPrefix = '/.well-known/est/'

export function isOperation(word: string): word is Operation {
  return (operations as readonly string[]).includes(word)
}
