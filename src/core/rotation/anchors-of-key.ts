// SPDX-License-Identifier: Apache-2.0
import { bootloaderRule } from '#trust/artefact/bootloader-rules.ts'
import { sha256 } from '#trust/digest.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey } from '../ledger/tables.ts'
import { chainOf, isFormName } from '../signing/artefact-key.ts'

/** States in which what a key signs, or will sign, is meant to be believed. */
const liveStates: readonly ArtefactKey['state'][] = ['next', 'current', 'retiring']

/**
 * What devices hold to believe a key in these forms, as they report it: SHA-256, hexadecimal, of the
 * SubjectPublicKeyInfo of the key, or of the root above it where verifiers of a form hold roots. Sorted.
 *
 * @param forms those that count; absent: all of the key
 */
export async function anchorsOfKey(
  key: Pick<ArtefactKey, 'chain' | 'forms' | 'key'>,
  ledger: Ledger,
  forms: readonly string[] = key.forms,
): Promise<readonly string[]> {
  const record = await ledger.read('key', key.key)
  const root = chainOf(key).at(-1)
  const found = new Set<string>()
  for (const form of key.forms.filter((one) => forms.includes(one))) {
    if (!isFormName(form)) continue
    const spki = bootloaderRule(form).holds === 'root' ? root?.publicKey.der : record?.spki
    if (spki !== undefined) found.add(sha256(spki).toHex())
  }
  return [...found].sort()
}

/** All signing keys of a product in one environment. */
export async function keysOfProduct(
  { product, environment }: Pick<ArtefactKey, 'product' | 'environment'>,
  ledger: Ledger,
): Promise<readonly ArtefactKey[]> {
  const { items } = await ledger.list('artefactKey', {
    ...{ by: 'product', equal: [product, environment], limit: 1000 },
  })
  return items
}

/** By what devices go on to believe updates of these forms when a key has ended. */
export async function otherAnchors(key: ArtefactKey, ledger: Ledger): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const other of await keysOfProduct(key, ledger))
    if (other.id !== key.id && liveStates.includes(other.state))
      for (const anchor of await anchorsOfKey(other, ledger, key.forms)) found.add(anchor)
  return found
}
