// SPDX-License-Identifier: Apache-2.0
import type { FoundWeakness } from '#core/keywatch/book-findings.ts'
import { causeOf } from '#core/keywatch/cause.ts'
import type { KeyPage } from '#core/keywatch/ports.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { readRsaKey } from '#trust/rsa-key.ts'
import { checkKey } from '#trust/weak-keys/check-key.ts'
import { type KeyLists, noLists } from '#trust/weak-keys/key-lists.ts'
import type { WatchedModulus } from '#trust/weak-keys/shared-primes/shared-prime.ts'

/** Everything that the gate knows to be wrong with the keys of a page; a key that it cannot read any more is passed over. */
export function testPage(page: KeyPage, lists: KeyLists = noLists): FoundWeakness[] {
  const found: FoundWeakness[] = []
  for (const [id, spki] of keysOf(page)) {
    const key = importedFrom(spki)
    if (key === undefined) continue
    for (const { name, detail } of checkKey(key, lists))
      found.push({ kind: name, key: id, cause: causeOf(name), detail, facts: {} })
  }
  return found
}

/** The moduli of the RSA keys of a page. Nothing is imported: this is about numbers alone. */
export function moduliOf(page: KeyPage): WatchedModulus[] {
  const moduli: WatchedModulus[] = []
  for (const [id, spki] of keysOf(page)) {
    const info = parseSubjectPublicKeyInfo(spki)
    const oid = info.algorithm.oid
    if (!rsaOids.has(oid)) continue
    const rsa = readRsaKey(info.key, oid)
    // Of bytes of its own: what goes to another thread takes its whole buffer along.
    if (rsa.kind === 'rsa') moduli.push({ id, modulus: rsa.modulus.slice() })
  }
  return moduli
}

const rsaOids: ReadonlySet<string> = new Set(
  Object.values(keyAlgorithms).flatMap(({ canonical, identifier }) =>
    canonical === 'modulus' ? [identifier.oid] : [],
  ),
)

/** Whether a page holds a key that takes milliseconds to test. */
export function hasSlowKeys(page: KeyPage): boolean {
  return moduliOf(page).length > 0
}

/** Each id with its SubjectPublicKeyInfo, a view. */
export function* keysOf({ ids, spkis }: KeyPage): Generator<readonly [string, Uint8Array]> {
  let at = 0
  for (const [index, id] of ids.entries()) {
    const length = spkis.lengths[index] ?? 0
    yield [id, spkis.octets.subarray(at, at + length)]
    at += length
  }
}

/** An algorithm that came and went, or a key of another program's: the gate refused it, or never saw it. */
function importedFrom(spki: Uint8Array): PublicKey | undefined {
  const imported = importPublicKey(parseSubjectPublicKeyInfo(spki))
  return 'kind' in imported ? undefined : imported
}
