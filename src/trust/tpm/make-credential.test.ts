// SPDX-License-Identifier: Apache-2.0
/** What a TPM does with a credential stands in test/interop/tpm.test.ts; here, what is never sealed. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { TpmPublic } from '#format/tpm/structure/public.ts'
import { forgeKey } from '../../../test/support/forged-tpm.ts'
import { deriveByHash, deriveByHmac } from './derive.ts'
import { makeCredential } from './make-credential.ts'
import { nameOf, tpmDigest } from './name.ts'
import { endorsementTemplates } from './templates.ts'

const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const endorsement = forgeKey(endorsementTemplates['p-256-low'].public).public
const name = nameOf(endorsement)
const secret = random.bytes(32)

const reasonFor = (endorsementKey: TpmPublic) => {
  const made = makeCredential({ endorsementKey, name, secret, random })
  return made.kind === 'refused' ? made.reason : made.kind
}

test('a credential is made anew each time', () => {
  const [one, two] = [0, 1].map(() =>
    makeCredential({ endorsementKey: endorsement, name, secret, random }),
  )
  assert.ok(one?.kind === 'credential' && two?.kind === 'credential')
  assert.notDeepEqual(one.blob, two.blob)
  assert.notDeepEqual(one.encryptedSecret, two.encryptedSecret)
})

for (const missing of [
  'fixedTPM',
  'fixedParent',
  'sensitiveDataOrigin',
  'restricted',
  'decrypt',
] as const) {
  test(`nothing is sealed for a key that is not ${missing}`, () => {
    const attributes = endorsement.attributes.filter((one) => one !== missing)
    assert.equal(reasonFor({ ...endorsement, attributes }), 'endorsement-key-unfit')
  })
}

test('nothing is sealed for a key that signs, has no cipher, or is off its curve', () => {
  const signs = { ...endorsement, attributes: [...endorsement.attributes, 'sign'] } as const
  for (const unfit of [
    signs,
    { ...endorsement, symmetric: undefined },
    { ...endorsement, y: endorsement.x },
  ])
    assert.equal(reasonFor(unfit), 'endorsement-key-unfit')
})

test('a secret that no TPM could hold is a fault of who seals it', () => {
  for (const octets of [0, 33]) {
    const wish = { endorsementKey: endorsement, name, secret: random.bytes(octets), random }
    assert.throws(() => makeCredential(wish), TypeError)
  }
})

test('derivations have the length that was asked for, and begin alike only within one length of KDFe', () => {
  const derivation = {
    hash: 'sha256',
    label: 'STORAGE',
    contextU: Uint8Array.of(1),
    contextV: Uint8Array.of(2),
    bits: 128,
  } as const
  const key = new Uint8Array(32).fill(3)
  const long = { ...derivation, bits: 384 }
  assert.equal(deriveByHmac(key, long).length, 48)
  // The length in bits is hashed in KDFa and not in KDFe. Part 1 sections 11.4.10.2 and 11.4.10.3.
  assert.notDeepEqual(deriveByHmac(key, long).subarray(0, 16), deriveByHmac(key, derivation))
  assert.deepEqual(deriveByHash(key, long).subarray(0, 16), deriveByHash(key, derivation))
  const first = tpmDigest(
    'sha256',
    Uint8Array.of(0, 0, 0, 1),
    key,
    new TextEncoder().encode('STORAGE\0'),
    Uint8Array.of(1, 2),
  )
  assert.deepEqual(deriveByHash(key, derivation), first.subarray(0, 16))
})
