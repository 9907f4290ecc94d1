// SPDX-License-Identifier: Apache-2.0
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { checkKey } from '#trust/weak-keys/check-key.ts'
import { identityOf } from '../identity.ts'
import type { Tell } from '../sight.ts'
import type { PublicHalf } from './public-half.ts'

/** Tells a key that can be broken, by the checks that every request goes through; lists are not asked. */
export function tellWeakKey(half: PublicHalf, whose: string, offset: number, tell: Tell): void {
  // Less than it takes: a bundle of all roots shall not use up what its file may cost.
  if (!tell.spend(10)) return
  const detail = weaknessOf(half)
  if (detail === undefined) return
  tell.found({
    ...{ rule: 'weak-key', confidence: 'certain', offset, key: half.fingerprint },
    what: `${half.algorithm} key${whose}: ${detail}`,
    identity: identityOf('weak-key', half.fingerprint),
  })
}

function weaknessOf({ spki }: PublicHalf): string | undefined {
  const key = importPublicKey(parseSubjectPublicKeyInfo(spki))
  if ('reason' in key) return key.reason === 'key-too-weak' ? key.detail : undefined
  // What is published is told by a rule of its own.
  return checkKey(key).find(({ name }) => name !== 'key-published')?.detail
}
