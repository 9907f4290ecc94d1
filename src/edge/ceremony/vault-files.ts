// SPDX-License-Identifier: Apache-2.0
/**
 * A vault on its medium:
 *
 *     vault.json        what was done with it, with a digest against damage; once it is there, the vault is whole
 *     keys/ID.key       each root's key, sealed under the passphrase that the shares give
 *     bundles/act-N     what each act made, kept before it is told
 *     began             an act is under way; without vault.json: nothing of it counts
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { VaultState } from '#core/ceremony/vault.ts'
import type { Refused } from '#core/refusal.ts'
import { encodeCanonicalJson, type Json } from '#format/tlog/canonical-json.ts'
import { isKeyAlgorithmName } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { readWhole, remove, writeWhole } from './files.ts'

const format = 'vitalsign-vault-1'

export const vaultPlaces = {
  state: (vault: string) => join(vault, 'vault.json'),
  /** The places of a key store; all keys of a vault are keys of roots. */
  keystore: (vault: string) => ({ keys: join(vault, 'change'), root: join(vault, 'keys') }),
  began: (vault: string) => join(vault, 'began'),
  bundle: (vault: string, act: number) => join(vault, 'bundles', `act-${act}.vitalsign`),
} as const

export async function writeVault(directory: string, state: VaultState): Promise<void> {
  const json = {
    format,
    ...state,
    sets: state.sets.map((set) => ({ ...set })),
    roots: state.roots.map((root) => ({
      ...root,
      certificate: root.certificate.toBase64(),
      issued: root.issued.map((one) => ({ ...one })),
    })),
  }
  const text = `${encodeCanonicalJson(json as unknown as Json)}\n`
  const digest = sha256(new TextEncoder().encode(text)).toHex()
  await writeWhole(vaultPlaces.state(directory), new TextEncoder().encode(`${text}${digest}\n`))
}

/** @returns undefined where no vault is; a refusal for one that is damaged */
export async function readVault(
  directory: string,
): Promise<{ readonly kind: 'vault'; readonly state: VaultState } | Refused | undefined> {
  const bytes = await readWhole(vaultPlaces.state(directory))
  if (bytes === undefined) return undefined
  const [line = '', digest, end] = new TextDecoder().decode(bytes).split('\n')
  const whole = sha256(new TextEncoder().encode(`${line}\n`)).toHex() === digest && end === ''
  if (!whole) return damaged(directory, 'its digest does not match')
  const read: unknown = JSON.parse(line)
  const state = stateIn(read)
  return state === undefined
    ? damaged(directory, 'it is of another version')
    : { kind: 'vault', state }
}

function damaged(directory: string, why: string): Refused {
  return refuse(
    'input-wrong',
    `${vaultPlaces.state(directory)} cannot be read: ${why}; take the copy of the vault`,
  )
}

/** The digest vouches for the form: what we wrote is what is read. */
function stateIn(read: unknown): VaultState | undefined {
  if (typeof read !== 'object' || read === null || !('format' in read)) return undefined
  const { format: found, ...rest } = read
  if (found !== format || !('roots' in rest) || !Array.isArray(rest.roots)) return undefined
  const roots = rest.roots.map((root: { certificate: string; algorithm: string }) => ({
    ...root,
    certificate: Uint8Array.fromBase64(root.certificate),
  }))
  if (!roots.every(({ algorithm }) => isKeyAlgorithmName(algorithm))) return undefined
  return { ...rest, roots } as unknown as VaultState
}

/** What lies in a directory that is to become a vault. */
export function placeFor(directory: string): 'free' | 'began' | 'taken' {
  if (!existsSync(directory)) return 'free'
  if (existsSync(vaultPlaces.state(directory))) return 'taken'
  if (existsSync(vaultPlaces.began(directory))) return 'began'
  return readdirSync(directory).length === 0 ? 'free' : 'taken'
}

/** Removes what an act left that never came to its end: nothing of it was ever told. */
export async function discardBegun(directory: string): Promise<void> {
  for (const part of ['keys', 'change', 'bundles', 'vault.json.next'])
    await remove(join(directory, part))
  await remove(vaultPlaces.began(directory))
}

export async function markBegun(directory: string, vault: string): Promise<void> {
  await writeWhole(vaultPlaces.began(directory), new TextEncoder().encode(`${vault}\n`))
}

export async function unmarkBegun(directory: string): Promise<void> {
  await remove(vaultPlaces.began(directory))
}
