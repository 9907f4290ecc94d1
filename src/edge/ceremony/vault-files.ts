// SPDX-License-Identifier: Apache-2.0
/**
 * A vault on its medium:
 *
 *     vault.json        what was done with it; once it is there, the vault is whole. A digest tells damage, and
 *                       a seal under the secret of each set that may open it tells a hand that changed it
 *     keys/ID.key       each root's key, sealed under the passphrase that the shares give
 *     bundles/act-N     what each act made, kept before it is told; it has its name once vault.json says that it
 *                       happened, and ends with `.unsure` until then
 *     stopped/N         transcripts of attempts that came to no end; the bundle of the next act carries them
 *     began             an act is under way; without vault.json: nothing of it counts
 */
import { createHmac, hkdfSync } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { VaultState } from '#core/ceremony/vault.ts'
import type { Refused } from '#core/refusal.ts'
import { encodeCanonicalJson, type Json } from '#format/tlog/canonical-json.ts'
import { isKeyAlgorithmName } from '#trust/algorithms.ts'
import { sameSecret, sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { readWhole, remove, renameWhole, writeWhole } from './files.ts'

const format = 'vitalsign-vault-1'

export const vaultPlaces = {
  state: (vault: string) => join(vault, 'vault.json'),
  /** The places of a key store; all keys of a vault are keys of roots. */
  keystore: (vault: string) => ({ keys: join(vault, 'change'), root: join(vault, 'keys') }),
  began: (vault: string) => join(vault, 'began'),
  stopped: (vault: string) => join(vault, 'stopped'),
  bundle: (vault: string, act: number) => join(vault, 'bundles', `act-${act}.vitalsign`),
} as const

/** The secret of a set of shares, by its number. */
export type SetSecrets = ReadonlyMap<number, Uint8Array>

/** @param secrets of every set of the state: whoever opens it next by that set can tell that it is ours */
export async function writeVault(
  directory: string,
  state: VaultState,
  secrets: SetSecrets,
): Promise<void> {
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
  const line = `${encodeCanonicalJson(json as unknown as Json)}\n`
  const seals = [...secrets].map(([set, secret]) => `${set} ${sealOf(line, secret)}`).join(' ')
  const body = `${line}${seals}\n`
  await writeWhole(vaultPlaces.state(directory), encoder.encode(`${body}${digestOf(body)}\n`))
}

const encoder = new TextEncoder()

function digestOf(text: string): string {
  return sha256(encoder.encode(text)).toHex()
}

function sealOf(line: string, secret: Uint8Array): string {
  const key = hkdfSync('sha256', secret, '', 'vitalsign ceremony vault 1', 32)
  return createHmac('sha256', new Uint8Array(key)).update(line).digest('hex')
}

/** A vault whose shares are not here yet. */
export interface ClosedVault {
  readonly kind: 'vault'
  readonly state: VaultState
  /** Whether whoever had the secret of this set wrote this state. */
  isSealedBy(set: number, secret: Uint8Array): boolean
}

/** @returns undefined where no vault is; a refusal for one that is damaged */
export async function readVault(directory: string): Promise<ClosedVault | Refused | undefined> {
  const bytes = await readWhole(vaultPlaces.state(directory))
  if (bytes === undefined) return undefined
  const [line = '', seals = '', digest, end] = new TextDecoder().decode(bytes).split('\n')
  const whole = digestOf(`${line}\n${seals}\n`) === digest && end === ''
  if (!whole) return damaged(directory, 'its digest does not match')
  const read: unknown = JSON.parse(line)
  const state = stateIn(read)
  if (state === undefined) return damaged(directory, 'it is of another version')
  const words = seals.split(' ')
  return {
    ...{ kind: 'vault', state },
    isSealedBy: (set, secret) => {
      const at = words.findIndex((word, index) => index % 2 === 0 && word === String(set))
      const found = encoder.encode(at === -1 ? '' : (words[at + 1] ?? ''))
      return sameSecret(found, encoder.encode(sealOf(`${line}\n`, secret)))
    },
  }
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

/** Keeps the bundle of an act that vault.json does not tell of yet. */
export async function keepBundle(directory: string, act: number, bytes: Uint8Array): Promise<void> {
  await writeWhole(unsure(directory, act), bytes)
}

/** Gives the bundle of the last act of a vault its name, now or after a power cut; does nothing otherwise. */
export async function settleBundle(directory: string, act: number): Promise<void> {
  if (existsSync(unsure(directory, act)))
    await renameWhole(unsure(directory, act), vaultPlaces.bundle(directory, act))
}

const unsure = (directory: string, act: number) => `${vaultPlaces.bundle(directory, act)}.unsure`

/** More attempts, or longer ones, are no accident any more: they stay in the vault, for people to read. */
const mostStopped = 20
const mostStoppedBytes = 131_072

/** Keeps the transcript of an attempt that came to no end, for the bundle of the next act. */
export async function keepStopped(directory: string, bytes: Uint8Array): Promise<void> {
  const place = vaultPlaces.stopped(directory)
  const number = (await namesIn(place)).length + 1
  await writeWhole(join(place, `${String(number).padStart(4, '0')}.jsonl`), bytes)
}

/** The transcripts of attempts that came to no end, oldest first, as far as a bundle carries them. */
export async function readStoppedFiles(directory: string): Promise<readonly Uint8Array[]> {
  const place = vaultPlaces.stopped(directory)
  const names = (await namesIn(place)).slice(0, mostStopped)
  const files = await Promise.all(names.map((name) => readWhole(join(place, name))))
  return files.filter(
    (file) => file !== undefined && file.length <= mostStoppedBytes,
  ) as Uint8Array[]
}

/** Once a bundle carries them. */
export async function forgetStopped(directory: string): Promise<void> {
  await remove(vaultPlaces.stopped(directory))
}

async function namesIn(place: string): Promise<readonly string[]> {
  return existsSync(place) ? readdirSync(place).toSorted() : []
}
