// SPDX-License-Identifier: Apache-2.0
import { glance, type Ledger } from '#core/ledger/ledger.ts'
import type { Key, SignatureRecord } from '#core/ledger/tables.ts'
import { fewestSignatures, mostSignatures } from '#trust/weak-keys/nonces/biased-nonces.ts'
import type { SignedKey, WatchPorts } from '../ports.ts'
import { curveOf, pointOf } from './look.ts'
import { pauseAfter } from './pace.ts'

/** A key of ours that signed something of a page, with all that it signed. */
export interface KeyThatSigned extends SignedKey {
  readonly key: Key
  readonly signatures: readonly SignatureRecord[]
}

/** How far the walk is, and what stands there. */
export interface Signed {
  /** The id of a signature; all before it are passed. */
  readonly through: string
  /** Undefined: the end of a page. */
  readonly signed: KeyThatSigned | undefined
}

/** Signatures whose keys are looked for before it is noted how far that is. */
const pageSize = 64

/** Keys of this walk that are not told twice. */
const mostRemembered = 20_000

type Ports = Pick<WatchPorts, 'ledger' | 'clock' | 'pause'>

/**
 * Keys that signed something since a place, each with its newest signatures, if there are enough for anything to follow.
 *
 * A key that is not certified here, or that everybody knows already, is passed over. After each page it pauses, by how
 * long it took to look the keys up, and not by how long whoever walks made of them.
 *
 * @param beyond the id of a signature; null: from the first one on
 */
export async function* walkSigned(
  beyond: string | null,
  { ledger, clock, pause }: Ports,
): AsyncGenerator<Signed> {
  const told = new Set<string>()
  let after: string | null | undefined
  do {
    let began = clock.now()
    let took = 0
    const page = await glance(
      'signature',
      ['id', 'keyFingerprint'],
      { limit: pageSize, ...(beyond !== null && { beyond }), ...(after && { after }) },
      ledger,
    )
    for (const { id, keyFingerprint } of page.items) {
      const name = keyFingerprint.toHex()
      if (told.has(name)) continue
      if (told.size >= mostRemembered) told.clear()
      told.add(name)
      const signed = await allBy(keyFingerprint, ledger)
      if (signed === undefined) continue
      took += clock.now().since(began).total('milliseconds')
      yield { through: id, signed }
      began = clock.now()
    }
    took += clock.now().since(began).total('milliseconds')
    const last = page.items.at(-1)
    if (last !== undefined) yield { through: last.id, signed: undefined }
    after = page.next
    if (after !== null) await pause(pauseAfter(took))
  } while (after !== null)
}

async function allBy(fingerprint: Uint8Array, ledger: Ledger): Promise<KeyThatSigned | undefined> {
  const { items } = await ledger.list('signature', {
    ...{ by: 'key', equal: [fingerprint], descending: true, limit: mostSignatures },
  })
  const [newest] = items
  if (newest === undefined || items.length < fewestSignatures(curveOf(newest))) return undefined
  const key = await ledger.find('key', 'fingerprint', [fingerprint])
  if (key === undefined || key.state === 'compromised') return undefined
  const point = pointOf(key)
  return point && { key, fingerprint, curve: curveOf(newest), point, signatures: items }
}
