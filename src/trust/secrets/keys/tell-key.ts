// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { publishedIn } from '#trust/weak-keys/published-keys.ts'
import { identityOf } from '../identity.ts'
import type { Tell } from '../sight.ts'
import type { DerKey } from './der-key.ts'
import type { PublicHalf } from './public-half.ts'
import type { SshKey } from './ssh-key.ts'

/** Tells a private key that was proved to be one. */
export function tellOpenKey(half: PublicHalf, form: string, offset: number, tell: Tell): void {
  const { algorithm, fingerprint, spki } = half
  const what = `${algorithm} private key, ${form}`
  const published = publishedIn(fingerprint)
  const rule = published === undefined ? 'private-key' : 'test-key'
  tell.found({
    ...{ rule, confidence: 'certain', offset, key: fingerprint },
    what: published === undefined ? what : `${what}: published in ${published}`,
    identity: identityOf(rule, fingerprint),
  })
  tell.trace({
    ...{ kind: 'private-key', offset, octets: spki },
    facts: { fingerprint, algorithm, form },
  })
}

/** Tells a private key under a password; its public half where it is in the clear. */
export function tellSealedKey(
  form: string,
  octets: Uint8Array,
  offset: number,
  tell: Tell,
  half?: PublicHalf,
): void {
  const rule = 'private-key-encrypted'
  const name = half === undefined ? 'private key' : `${half.algorithm} private key`
  tell.found({
    ...{ rule, confidence: 'certain', offset, what: `${name}, ${form}` },
    identity: identityOf(rule, half?.fingerprint ?? hash('sha256', octets, 'hex')),
    ...(half === undefined ? {} : { key: half.fingerprint }),
  })
}

export function tellDerKey(
  key: DerKey,
  wrap: string,
  octets: Uint8Array,
  offset: number,
  tell: Tell,
): void {
  const form = `${key.form} in ${wrap}`
  if (key.kind === 'open') tellOpenKey(key.half, form, offset, tell)
  else tellSealedKey(form, octets, offset, tell)
}

export function tellSshKey(key: SshKey, offset: number, tell: Tell): void {
  const { form, isSealed, half, publicBlob } = key
  if (isSealed) tellSealedKey(`${form}, encrypted`, publicBlob, offset, tell, half)
  else if (half !== undefined) tellOpenKey(half, form, offset, tell)
  else
    tell.found({
      ...{ rule: 'private-key', confidence: 'certain', offset },
      what: `private key, ${form}`,
      identity: identityOf('private-key', hash('sha256', publicBlob, 'hex')),
    })
}
