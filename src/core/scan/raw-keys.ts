// SPDX-License-Identifier: Apache-2.0
import { fingerprintOf } from '#trust/public-key.ts'
import { publicOfRaw, type RawFamily, rawFamilies } from '#trust/secrets/keys/raw-key.ts'
import type { Clue } from './finding.ts'

type Placed = Clue & { readonly path: readonly string[] }

/** Octets that may be a private key, and the public half that they would have. Holds no secret. */
export interface RawKey {
  readonly path: readonly string[]
  readonly offset: number
  readonly family: RawFamily
  /** Canonical, hexadecimal. */
  readonly fingerprint: string
}

/** Of these families the inventory has keys. */
export const inventoryFamilies: readonly RawFamily[] = ['p-256', 'ed25519']

/** So many octets are tried: each costs some 50 microseconds for each family. */
export const mostCandidates = 20_000

/** Families of which the files themselves show a public key. */
export function familiesIn(clues: readonly Placed[]): readonly RawFamily[] {
  const shown = new Set(clues.map(({ facts }) => facts['family']))
  return rawFamilies.filter((family) => shown.has(family))
}

/** The keys that the candidates among these clues may be, one candidate a step: a caller may rest in between. */
export function* tryCandidates(
  clues: readonly Placed[],
  families: readonly RawFamily[],
): Generator<readonly RawKey[]> {
  const tried = new Set<string>()
  if (families.length === 0) return
  for (const { kind, path, offset, octets } of clues) {
    if (kind !== 'raw-candidate') continue
    const text = octets.toHex()
    if (tried.has(text)) continue
    if (tried.size >= mostCandidates) return
    tried.add(text)
    yield families.flatMap((family) => {
      const material = publicOfRaw(family, octets)
      if (material === undefined) return []
      return { path, offset, family, fingerprint: fingerprintOf(family, material).toHex() }
    })
  }
}

/** Whether there are more candidates than are tried. */
export function leavesCandidates(clues: readonly Placed[]): Placed | undefined {
  const different = new Set<string>()
  for (const clue of clues) {
    if (clue.kind !== 'raw-candidate') continue
    different.add(clue.octets.toHex())
    if (different.size > mostCandidates) return clue
  }
  return undefined
}
