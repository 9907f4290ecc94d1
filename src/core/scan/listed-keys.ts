// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { identityOf } from '#trust/secrets/identity.ts'
import { rules } from '#trust/secrets/rules.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import type { Clue, Finding } from './finding.ts'

/** Keys and certificates whose key stands in a list of weak keys, each key once. */
export function findListedKeys(
  clues: readonly (Clue & { readonly path: readonly string[] })[],
  lists: KeyLists,
): readonly Finding[] {
  const told = new Set<string>()
  return clues.flatMap(({ kind, path, offset, octets, facts }) => {
    const { fingerprint = '', subject } = facts
    if (kind !== 'private-key' && kind !== 'certificate') return []
    if (fingerprint === '' || told.has(fingerprint)) return []
    told.add(fingerprint)
    const key = readKey(octets)
    const [weakness] = key === undefined ? [] : lists.find(key)
    if (weakness === undefined) return []
    const rule = 'weak-key'
    const whose = subject === undefined ? 'a private key' : `the key of the certificate ${subject}`
    return {
      ...{ rule, severity: rules[rule].severity, confidence: 'certain', path, offset },
      ...{ what: `${whose}: ${weakness.detail}`, key: fingerprint },
      identity: identityOf(rule, fingerprint),
    }
  })
}

/** Undefined: of an algorithm that lists do not know. */
function readKey(spki: Uint8Array) {
  try {
    const key = importPublicKey(parseSubjectPublicKeyInfo(spki))
    return 'reason' in key ? undefined : key
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}
