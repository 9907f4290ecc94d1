// SPDX-License-Identifier: Apache-2.0
import type { ObjectAttribute } from '#format/tpm/structure/attributes.ts'

/** Which attributes a key must have, and which it must not. */
export interface AttributeRule {
  readonly set: readonly ObjectAttribute[]
  readonly clear: readonly ObjectAttribute[]
}

/** What is wrong with attributes, as the end of a sentence; undefined: nothing. */
export function attributesFault(
  attributes: readonly ObjectAttribute[],
  { set, clear }: AttributeRule,
): string | undefined {
  const missing = set.filter((name) => !attributes.includes(name))
  if (missing.length > 0) return `is not ${missing.join(', ')}`
  const surplus = clear.filter((name) => attributes.includes(name))
  return surplus.length > 0 ? `is ${surplus.join(', ')}` : undefined
}
