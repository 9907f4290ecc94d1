// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { type Participant, peopleOf } from '#core/ceremony/script.ts'
import type { ShareSet } from '#core/ceremony/vault.ts'
import { Fault } from '#core/fault.ts'
import type { Refused } from '#core/refusal.ts'
import { combineShares, openShare } from '#edge/ceremony/custody.ts'
import { readWhole } from '#edge/ceremony/files.ts'
import { parseShareText } from '#edge/ceremony/share-text.ts'
import { vaultPlaces } from '#edge/ceremony/vault-files.ts'
import { openKeystore } from '#edge/keystore/keystore.ts'
import { refuse } from '#trust/refusal.ts'
import type { Sitting } from '../sitting.ts'
import { passphraseOf, stretch } from './custody.ts'

interface Brought {
  readonly set: ShareSet
  readonly index: number
  readonly share: Uint8Array
}

/** Takes shares from those who are here until enough fit, and opens the vault with them. */
export async function unlockVault(sitting: Sitting): Promise<Refused | undefined> {
  const shares: SharesOfSets = new Map()
  try {
    return await takeShares(sitting, shares)
  } finally {
    for (const share of [...shares.values()].flatMap((ofSet) => [...ofSet.values()])) share.fill(0)
  }
}

/** By the number of their set, and by their own. */
type SharesOfSets = Map<number, Map<number, Uint8Array>>

async function takeShares(sitting: Sitting, shares: SharesOfSets): Promise<Refused | undefined> {
  const { script, table, minutes } = sitting
  let last: Refused | undefined
  for (const custodian of peopleOf(script, ['custodian'])) {
    const brought = await bringShare(sitting, custodian)
    if (brought === undefined) continue
    if ('reason' in brought) {
      // Who comes after may still be enough; what was wrong with this one stays in the transcript.
      last = brought
      await table.say([`${brought.reason}: ${brought.detail}`])
      const { reason, detail } = brought
      await minutes.note('unlock', 'refused', { reason, detail }, [custodian])
      continue
    }
    const { set, index, share } = brought
    const ofSet = shares.get(set.set) ?? new Map<number, Uint8Array>()
    shares.set(set.set, ofSet.set(index, share))
    await minutes.note('unlock', 'brought', { share: index, set: set.set }, [custodian])
    if (ofSet.size < set.needed) continue
    return openWith(sitting, set, ofSet)
  }
  const most = Math.max(0, ...[...shares.values()].map(({ size }) => size))
  const needed = Math.min(...sitting.vault.sets.map((set) => set.needed))
  const few = refuse('shares-too-few', `${most} shares that fit are here, ${needed} are needed`)
  return last === undefined ? few : { ...few, detail: `${few.detail}; ${last.detail}` }
}

async function bringShare(
  { table, vault }: Sitting,
  custodian: Participant,
): Promise<Brought | Refused | undefined> {
  const path = (await table.ask(custodian, 'file of your share (empty: none)')).trim()
  if (path === '') return undefined
  const bytes = await readWhole(resolve(path))
  if (bytes === undefined) return refuse('not-found', `there is no file ${path}`)
  const read = parseShareText(new TextDecoder().decode(bytes))
  if (read.kind === 'refused') return read
  const { head } = read
  if (head.vault !== vault.vault) {
    return refuse(
      'share-of-another-ceremony',
      `it is of vault ${head.vault} ("${head.title}"), this is vault ${vault.vault}`,
    )
  }
  const set = vault.sets.find((one) => one.set === head.set)
  if (set === undefined) {
    return refuse(
      'share-of-another-ceremony',
      `it is of set ${head.set}; the shares were made anew since, set ${vault.sets.map((one) => one.set).join(' or ')} opens the vault`,
    )
  }
  const passphrase =
    head.stretch === undefined ? '' : await table.secret(custodian, 'passphrase of your share')
  const opened = await openShare(read, passphrase, stretch)
  if (opened.kind === 'refused') return opened
  return { set, index: head.index, share: opened.share.slice() }
}

async function openWith(
  sitting: Sitting,
  set: ShareSet,
  shares: ReadonlyMap<number, Uint8Array>,
): Promise<Refused | undefined> {
  const whole = await combineShares(shares, set)
  if (whole.kind === 'refused') return whole
  const places = vaultPlaces.keystore(sitting.place)
  try {
    const { random, cost } = sitting
    const passphrase = passphraseOf(whole.secret)
    sitting.keystore = await openKeystore(places, passphrase, random, cost)
  } catch (error) {
    whole.secret.fill(0)
    if (!(error instanceof Fault) || error.code !== 'key-locked') throw error
    return refuse(
      'share-wrong',
      `set ${set.set} does not open the keys: the shares were made anew, bring those of the other set`,
    )
  }
  sitting.secrets.set(set.set, whole.secret)
  if (sitting.closed?.isSealedBy(set.set, whole.secret) !== true) {
    return refuse(
      'input-wrong',
      'vault.json was changed by somebody who did not have the shares; take the copy of the vault',
    )
  }
  // A re-sharing that was cut off leaves two sets; the one that opens is the one that counts.
  sitting.vault = { ...sitting.vault, sets: [set] }
  await sitting.minutes.note('unlock', 'checked', { opened: true, set: set.set })
  await sitting.table.say([
    `the vault is open: ${sitting.vault.roots.map(({ name }) => name).join(', ')}`,
  ])
  return undefined
}
