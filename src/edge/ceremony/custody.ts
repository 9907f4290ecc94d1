// SPDX-License-Identifier: Apache-2.0
/**
 * The passphrase of a vault in the hands of several people, of whom some are needed.
 *
 * The secret is 32 bytes of chance, so that its digest, and that of a share, give nothing of it away.
 */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject } from 'node:crypto'
import { combine, split } from 'shamir-secret-sharing'
import type { ShareSet } from '#core/ceremony/vault.ts'
import type { Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import { sameSecret, sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { headLines, type ShareHead, type ShareStretch, type ShareText } from './share-text.ts'

export const secretBytes = 32

/** Stretches a custodian's passphrase: argon2id. */
export type Stretch = (
  passphrase: string,
  salt: Uint8Array,
  cost: ShareStretch,
) => Promise<KeyObject>

/** The least and the most that a share may ask of the machine (as of key files). */
const stretchLimits = {
  memoryKiB: { from: 32, to: 262_144 },
  passes: { from: 1, to: 10 },
  lanes: { from: 1, to: 4 },
} as const

/** One splitting of a secret, proved. */
export interface Split {
  /** In the order of the custodians. */
  readonly shares: readonly Uint8Array[]
  readonly check: string
  readonly commitments: readonly string[]
}

/**
 * Splits a secret, and puts it together again from every choice of `needed` shares before anybody gets one.
 *
 * @throws TypeError if what was put together is not the secret: no share may leave then
 */
export async function splitSecret(
  secret: Uint8Array,
  { needed, of }: { readonly needed: number; readonly of: number },
): Promise<Split> {
  const shares = await split(secret, of, needed)
  for (const choice of choicesOf(shares, needed)) {
    const again = await combine([...choice])
    const isSame = sameSecret(again, secret)
    again.fill(0)
    if (!isSame) throw new TypeError('shares did not give the secret again')
  }
  return {
    shares,
    check: checkOf(secret),
    commitments: shares.map((share, at) => commitmentOf(at + 1, share)),
  }
}

/** Of 20 shares there are too many choices to try all; these hold each share several times. */
const mostChoices = 200

/** Whether every choice of `needed` shares is put together before anybody gets one. */
export function triesAll({
  needed,
  of,
}: {
  readonly needed: number
  readonly of: number
}): boolean {
  let choices = 1
  for (let at = 1; at <= needed; at++) choices = (choices * (of - needed + at)) / at
  return choices <= mostChoices
}

function* choicesOf(
  shares: readonly Uint8Array[],
  needed: number,
): Generator<readonly Uint8Array[]> {
  let given = 0
  function* from(start: number, chosen: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
    if (chosen.length === needed) {
      given++
      yield chosen
      return
    }
    for (let at = start; at < shares.length && given < mostChoices; at++) {
      const share = shares[at]
      if (share !== undefined) yield* from(at + 1, [...chosen, share])
    }
  }
  yield* from(0, [])
  // Each with its neighbours, round about: nobody's share stays untried.
  for (let at = 0; at < shares.length; at++) {
    yield Array.from({ length: needed }, (_, step) => shares[(at + step) % shares.length]!)
  }
}

/**
 * Puts the secret together.
 *
 * @returns `shares-too-few`, or `share-wrong` if shares that are each whole do not fit each other
 */
export async function combineShares(
  shares: ReadonlyMap<number, Uint8Array>,
  set: ShareSet,
): Promise<{ readonly kind: 'secret'; readonly secret: Uint8Array } | Refused> {
  if (shares.size < set.needed) {
    return refuse('shares-too-few', `${shares.size} shares are here, ${set.needed} are needed`)
  }
  for (const [index, share] of shares) {
    if (commitmentOf(index, share) !== set.commitments[index - 1])
      return refuse('share-wrong', `share ${index} is not the one that was given to its custodian`)
  }
  const secret = await combine([...shares.values()].slice(0, set.needed))
  if (sameSecret(new TextEncoder().encode(checkOf(secret)), new TextEncoder().encode(set.check)))
    return { kind: 'secret', secret }
  secret.fill(0)
  return refuse('share-wrong', 'these shares do not fit each other')
}

function checkOf(secret: Uint8Array): string {
  return digestOf('vitalsign ceremony secret 1', secret)
}

function commitmentOf(index: number, share: Uint8Array): string {
  return digestOf(`vitalsign ceremony share 1 ${index}`, share)
}

function digestOf(label: string, bytes: Uint8Array): string {
  return sha256(Uint8Array.of(...new TextEncoder().encode(`${label}\0`), ...bytes)).toHex()
}

const saltBytes = 16
const nonceBytes = 12
const tagBytes = 16

/** Encrypts a share under its custodian's passphrase, bound to its head (AES-256-GCM). */
export async function sealShare(
  share: Uint8Array,
  head: ShareHead,
  passphrase: string,
  stretch: Stretch,
  random: Randomness,
): Promise<ShareText> {
  if (head.stretch === undefined) return { head, body: share }
  const salt = random.bytes(saltBytes)
  const nonce = random.bytes(nonceBytes)
  const key = keyOf(await stretch(passphrase, salt, head.stretch))
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(new TextEncoder().encode(headLines(head)))
  const sealed = [cipher.update(share), cipher.final(), cipher.getAuthTag()]
  return { head, body: Uint8Array.of(...salt, ...nonce, ...sealed.flatMap((part) => [...part])) }
}

/** @returns `share-wrong` for a wrong passphrase, or a head that was changed; `share-damaged` */
export async function openShare(
  { head, body }: ShareText,
  passphrase: string,
  stretch: Stretch,
): Promise<{ readonly kind: 'open'; readonly share: Uint8Array } | Refused> {
  if (head.stretch === undefined) return { kind: 'open', share: body }
  const cost = head.stretch
  for (const name of ['memoryKiB', 'passes', 'lanes'] as const) {
    const { from, to } = stretchLimits[name]
    if (cost[name] < from || cost[name] > to)
      return refuse(
        'share-damaged',
        `it asks argon2id for ${name} ${cost[name]}, ${from} to ${to} is allowed`,
      )
  }
  if (body.length <= saltBytes + nonceBytes + tagBytes)
    return refuse('share-damaged', `its body has ${body.length} bytes`)
  const nonce = body.subarray(saltBytes, saltBytes + nonceBytes)
  const key = keyOf(await stretch(passphrase, body.slice(0, saltBytes), cost))
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAAD(new TextEncoder().encode(headLines(head)))
  decipher.setAuthTag(body.subarray(-tagBytes))
  const share = decipher.update(body.subarray(saltBytes + nonceBytes, -tagBytes))
  try {
    decipher.final()
  } catch {
    share.fill(0)
    return refuse(
      'share-wrong',
      `the passphrase does not open share ${head.index} of ${head.custodian}`,
    )
  }
  return { kind: 'open', share: new Uint8Array(share) }
}

function keyOf(master: KeyObject): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', master, '', 'vitalsign ceremony share 1', 32))
}
