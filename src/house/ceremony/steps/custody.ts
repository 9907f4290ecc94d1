// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path'
import { type Participant, peopleOf, type ShareCounts } from '#core/ceremony/script.ts'
import type { ShareSet } from '#core/ceremony/vault.ts'
import { checkPassphrase } from '#core/people/passphrase.ts'
import type { Refused } from '#core/refusal.ts'
import {
  combineShares,
  openShare,
  type Stretch,
  sealShare,
  secretBytes,
  splitSecret,
  triesAll,
} from '#edge/ceremony/custody.ts'
import { mediumOf, readWhole, writeWhole } from '#edge/ceremony/files.ts'
import { encodeShareText, parseShareText, type ShareHead } from '#edge/ceremony/share-text.ts'
import { readVault, vaultPlaces, writeVault } from '#edge/ceremony/vault-files.ts'
import { Derivations } from '#edge/keystore/derivation.ts'
import { openKeystore } from '#edge/keystore/keystore.ts'
import { Passphrase } from '#edge/keystore/passphrase.ts'
import { refuse } from '#trust/refusal.ts'
import { keystoreOf, type Sitting } from '../sitting.ts'

export const stretch: Stretch = (passphrase, salt, cost) =>
  new Derivations(new Passphrase(passphrase)).master(salt, cost)

/** The secret as the key store takes it. */
export function passphraseOf(secret: Uint8Array): Passphrase {
  return new Passphrase(secret.toBase64({ alphabet: 'base64url', omitPadding: true }))
}

/** Makes the passphrase of a new vault, and gives it away in shares. */
export async function makeCustody(sitting: Sitting): Promise<Refused | undefined> {
  const { script, place, random, cost } = sitting
  if (script.shares === undefined) throw new TypeError('a founding script has shares')
  const secret = random.bytes(secretBytes)
  sitting.secrets.set(1, secret)
  const set = await giveShares(sitting, 'custody', secret, script.shares, 1)
  if ('reason' in set) return set
  sitting.vault = { ...sitting.vault, sets: [set] }
  const places = vaultPlaces.keystore(place)
  sitting.keystore = await openKeystore(places, passphraseOf(secret), random, cost)
  return undefined
}

/**
 * Makes the passphrase anew and gives it away anew.
 *
 * The vault knows both sets before the keys change hands: whichever passphrase a power cut leaves them
 * under, its shares open it.
 */
export async function reshare(sitting: Sitting): Promise<Refused | undefined> {
  const { script, place, random, vault } = sitting
  const { shares } = script
  if (shares === undefined) throw new TypeError('a script that shares anew has shares')
  const secret = random.bytes(secretBytes)
  const next = Math.max(...vault.sets.map(({ set }) => set)) + 1
  const set = await giveShares(sitting, 'reshare', secret, shares, next)
  if ('reason' in set) {
    secret.fill(0)
    return set
  }
  sitting.secrets.set(next, secret)
  const read = await readVault(place)
  if (read?.kind !== 'vault') return read ?? refuse('not-found', `${place} is no vault any more`)
  // Of this act nothing else counts before its end.
  const both = { ...read.state, sets: [...vault.sets, set] }
  await writeVault(place, both, sitting.secrets)
  await keystoreOf(sitting).changePassphrase(passphraseOf(secret))
  sitting.vault = { ...sitting.vault, sets: [set] }
  forget(sitting, next)
  return undefined
}

/** Wipes the secrets of all sets but this one; without one, of all. */
export function forget({ secrets }: Pick<Sitting, 'secrets'>, but?: number): void {
  for (const [set, secret] of secrets) {
    if (set === but) continue
    secret.fill(0)
    secrets.delete(set)
  }
}

/** Splits, seals, writes, reads again, and puts together again, before the secret protects anything. */
async function giveShares(
  sitting: Sitting,
  step: string,
  secret: Uint8Array,
  counts: ShareCounts,
  set: number,
): Promise<ShareSet | Refused> {
  const { script, table, minutes } = sitting
  const { needed, of, sealed } = counts
  const custodians = peopleOf(script, ['custodian']).slice(-of)
  const { shares, check, commitments } = await splitSecret(secret, counts)
  const names = custodians.map(({ name }) => name)
  const made: ShareSet = { set, needed, of, sealed, check, commitments, custodians: names }
  const again = new Map<number, Uint8Array>()
  const media: number[] = [await mediumOf(sitting.place)]
  try {
    for (const [at, custodian] of custodians.entries()) {
      const share = shares[at]
      if (share === undefined) throw new TypeError('a share a custodian')
      const kept = await giveShare(sitting, custodian, share, { index: at + 1, ...made })
      if ('reason' in kept) return kept
      again.set(at + 1, kept.share)
      media.push(kept.medium)
      await minutes.note(step, 'given', { share: at + 1, of, needed, set, sealed }, [custodian])
    }
    const whole = await combineShares(again, made)
    if (whole.kind === 'refused') return whole
    whole.secret.fill(0)
  } finally {
    for (const share of [...shares, ...again.values()]) share.fill(0)
  }
  await table.say([
    `${of} shares were written and read again; ${triesAll(counts) ? 'every choice' : 'choices'} of ${needed} of them gave the passphrase`,
  ])
  const together = new Set(media).size < media.length
  if (together) {
    await table.say([
      'shares lie on one medium, or beside the vault: carry them away on media of their own, and wipe what stays',
    ])
  }
  const facts = { shares: of, needed, set, reconstructed: true, apart: !together }
  await minutes.note(step, 'checked', facts)
  return made
}

/** @returns the share as it was read again from its medium */
async function giveShare(
  sitting: Sitting,
  custodian: Participant,
  share: Uint8Array,
  facts: ShareSet & { readonly index: number },
): Promise<{ readonly share: Uint8Array; readonly medium: number } | Refused> {
  const { table, vault, out, random, cost } = sitting
  const { index, of, needed, set, sealed } = facts
  const head: ShareHead = {
    ...{ vault: vault.vault, title: vault.title, index, of, needed, set },
    ...{ custodian: custodian.name, stretch: sealed ? cost : undefined },
  }
  const passphrase = sealed ? await askPassphrase(sitting, custodian) : ''
  if (typeof passphrase !== 'string') return passphrase
  const text = encodeShareText(await sealShare(share, head, passphrase, stretch, random))
  const usual = join(out, 'shares')
  const asked = await table.ask(
    custodian,
    `directory of the medium that takes your share (empty: ${usual})`,
  )
  const path = join(resolve(asked.trim() || usual), `share-${index}-of-${of}-set-${set}.txt`)
  await writeWhole(path, new TextEncoder().encode(text))
  const read = parseShareText(new TextDecoder().decode((await readWhole(path)) ?? new Uint8Array()))
  if (read.kind === 'refused') return read
  const opened = await openShare(read, passphrase, stretch)
  if (opened.kind === 'refused') return opened
  await table.say([`share ${index} of ${of} of ${custodian.name} is in ${path}`])
  return { share: opened.share.slice(), medium: await mediumOf(path) }
}

const mostTries = 5

async function askPassphrase(
  { table }: Sitting,
  custodian: Participant,
): Promise<string | Refused> {
  for (let tries = 0; tries < mostTries; tries++) {
    const typed = await table.secret(custodian, 'a passphrase for your share, which you alone know')
    const weak = checkPassphrase(typed, custodian.name)
    if (weak !== undefined) {
      await table.say([weak.detail])
      continue
    }
    if ((await table.secret(custodian, 'the same passphrase once more')) === typed) return typed
    await table.say(['the two do not agree'])
  }
  return refuse('ceremony-stopped', `${custodian.name} chose no passphrase`)
}
