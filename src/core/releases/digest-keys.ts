// SPDX-License-Identifier: Apache-2.0
/** Whether the keys that are to sign digests of a release, or have signed them, are still what they were. */
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, ReleasePart, SignedArtefactRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { isByDigest, toBeSignedIn } from './by-digest.ts'

/** The states that a key does not come back from. */
const ended: readonly ArtefactKey['state'][] = ['retired', 'revoked']

/** Why a key signs no digest that is put forward now, if so; one that will follow may be named before it signs. */
export function refuseEnded({ name, state }: ArtefactKey): Refused | undefined {
  if (!ended.includes(state)) return undefined
  return refuse('key-retired', `signing key ${name} is ${state}, and signs no digest any more`)
}

/** Whether a part is what a key was to sign, and never did before it ended: nothing is lost with it. */
export async function isLeftOver(part: ReleasePart, ledger: Ledger): Promise<boolean> {
  const said = toBeSignedIn(part)
  if (said === undefined) return false
  const key = await ledger.read('artefactKey', said.key)
  if (key !== undefined && !ended.includes(key.state)) return false
  const { items } = await ledger.list('signedArtefact', {
    ...{ by: 'release', equal: [part.release], limit: 1_000 },
  })
  return !items.some((one) => one.part === part.id)
}

/** Why what is to be signed by digests never will be, if so: the key of one ended before it signed. */
export async function refuseLeftOver(
  parts: readonly ReleasePart[],
  ledger: Ledger,
): Promise<Refused | undefined> {
  for (const part of parts) {
    if (part.role !== 'artefact' || !isByDigest(part) || !(await isLeftOver(part, ledger))) continue
    const key = await ledger.read('artefactKey', toBeSignedIn(part)?.key ?? '')
    return refuse(
      'key-retired',
      `${part.name} was to be signed by ${key?.name ?? 'a key that is gone'}, which is ${key?.state ?? 'gone'}: take it away ("vitalsign release detach"), put the digest forward again for a key that signs, and submit the release again`,
    )
  }
  return undefined
}

/** Why a release is not to go out with the signatures that its digests have, if so: somebody else may have the key. */
export async function refuseRevokedSigner(
  signed: readonly SignedArtefactRecord[],
  ledger: Ledger,
): Promise<Refused | undefined> {
  for (const { name, keys } of signed)
    for (const id of keys) {
      const key = await ledger.read('artefactKey', id)
      if (key?.state !== 'revoked') continue
      return refuse(
        'key-retired',
        `${name} was signed by ${key.name}, which was revoked since: devices are not to take it; make another release, signed by another key`,
      )
    }
  return undefined
}
