// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PemBlock } from '#format/pem.ts'
import type { ObjectAttribute } from '#format/tpm/structure/attributes.ts'
import { parseSizedPublic, type TpmPublic } from '#format/tpm/structure/public.ts'
import {
  encodeTpmSignature,
  parseTpmSignature,
  type TpmSignature,
} from '#format/tpm/structure/signature.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import {
  forgeAttest,
  forgeAttestationKey,
  forgeCertify,
  forgeDeviceKey,
  frame,
} from '../../../test/support/forged-tpm.ts'
import { verifyCertified } from './certified-key.ts'
import { nameOf } from './name.ts'

const blockOf = (blocks: readonly PemBlock[], label: string): Uint8Array => {
  const found = blocks.find((block) => block.label === label)
  assert.ok(found, `no ${label}`)
  return found.bytes
}

for (const { name, blocks } of readVectors('trust/tpm-names')) {
  test(`${name} has the name that its TPM gave it`, () => {
    const value = parseSizedPublic(blockOf(blocks, 'TPM PUBLIC'))
    assert.deepEqual(nameOf(value), blockOf(blocks, 'TPM NAME'))
  })
}

for (const { name, expect, head, blocks } of readVectors('trust/tpm-attests')) {
  if (expect !== 'certified') continue
  const claim = {
    attest: blockOf(blocks, 'TPM ATTEST'),
    signature: blockOf(blocks, 'TPM SIGNATURE'),
    attestationKey: parseSizedPublic(blockOf(blocks, 'TPM ATTESTATION KEY')),
    certifiedPublic: parseSizedPublic(blockOf(blocks, 'TPM CERTIFIED KEY')),
    qualifyingData: Uint8Array.fromHex(head.get('message') ?? ''),
  }
  test(`${name} is believed as a TPM made it`, async () => {
    const verdict = await verifyCertified(claim)
    assert.equal(verdict.kind, 'certified', JSON.stringify(verdict))
    if (verdict.kind !== 'certified') return
    assert.deepEqual(verdict.certified.attestationKeyName, nameOf(claim.attestationKey))
  })
  test(`${name} is believed with no bit of it changed`, async () => {
    for (const part of ['attest', 'signature', 'qualifyingData'] as const) {
      for (let at = 0; at < claim[part].length; at++) {
        const bent = claim[part].slice()
        bent[at]! ^= 1 << (at % 8)
        const verdict = await verifyCertified({ ...claim, [part]: bent })
        assert.equal(verdict.kind, 'refused', `${part}, octet ${at}`)
      }
    }
  })
}

const nonce = new TextEncoder().encode('one nonce')
const signer = forgeAttestationKey()
const device = forgeDeviceKey()

async function reasonOf(
  made: { attest: Uint8Array; signature: Uint8Array },
  certifiedPublic: TpmPublic = device.public,
  attestationKey: TpmPublic = signer.public,
): Promise<string> {
  const claim = { ...made, attestationKey, certifiedPublic, qualifyingData: nonce }
  const verdict = await verifyCertified(claim)
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}

test('the forger makes what would be believed, so that each change alone is what is refused', async () => {
  assert.equal(await reasonOf(forgeCertify(signer, device.public, nonce)), 'certified')
})

test('what does not begin as a TPM signs it is refused', async () => {
  const made = forgeCertify(signer, device.public, nonce, (attest) => ({ ...attest, magic: 1 }))
  assert.equal(await reasonOf(made), 'attestation-not-from-tpm')
})

test('an attestation for another nonce is refused: it was replayed', async () => {
  const made = forgeCertify(signer, device.public, new TextEncoder().encode('two nonces'))
  assert.equal(await reasonOf(made), 'attestation-stale')
})

test('a quote in place of a certification is refused', async () => {
  const attested = { kind: 'quote', selections: [], digest: new Uint8Array(32) } as const
  const made = forgeAttest(signer, { ...frame(signer, nonce), attested })
  assert.equal(await reasonOf(made), 'attestation-wrong-type')
})

test('a certification of another key is refused', async () => {
  const made = forgeCertify(signer, forgeDeviceKey().public, nonce)
  assert.equal(await reasonOf(made), 'attestation-of-another-key')
})

test('the same key with other attributes is another key', async () => {
  const others: readonly ObjectAttribute[] = [...device.public.attributes, 'stClear']
  const made = forgeCertify(signer, device.public, nonce)
  const changed = { ...device.public, attributes: others }
  assert.equal(await reasonOf(made, changed), 'attestation-of-another-key')
})

test('a signature by another key is refused', async () => {
  const made = forgeCertify(forgeAttestationKey(), device.public, nonce)
  assert.equal(await reasonOf(made), 'attestation-signature-wrong')
})

test('a signature that names another scheme or hash is refused', async () => {
  const made = forgeCertify(signer, device.public, nonce)
  const bent: readonly TpmSignature[] = [
    { ...parseTpmSignature(made.signature), hash: 'sha384' },
    { scheme: 'rsassa', hash: 'sha256', signature: new Uint8Array(256).fill(1) },
  ]
  for (const one of bent) {
    const signature = encodeTpmSignature(one)
    assert.equal(await reasonOf({ ...made, signature }), 'attestation-signature-wrong')
  }
})

test('bytes that are no attestation or no signature are refused', async () => {
  const made = forgeCertify(signer, device.public, nonce)
  const cut = made.attest.subarray(1)
  assert.equal(await reasonOf({ ...made, attest: cut }), 'attestation-malformed')
  const long = new Uint8Array([...made.signature, 0])
  assert.equal(await reasonOf({ ...made, signature: long }), 'attestation-malformed')
})

for (const missing of [
  'restricted',
  'fixedTPM',
  'fixedParent',
  'sensitiveDataOrigin',
  'sign',
] as const) {
  test(`an attestation key that is not ${missing} is refused`, async () => {
    const unfit = forgeAttestationKey(signer.public.attributes.filter((name) => name !== missing))
    const made = forgeCertify(unfit, device.public, nonce)
    assert.equal(await reasonOf(made, device.public, unfit.public), 'attestation-key-unfit')
  })
}

test('an attestation key that deciphers too, signs by SHA-1 or by nothing fixed is refused', async () => {
  const both = forgeAttestationKey([...signer.public.attributes, 'decrypt'])
  const { public: value } = signer
  for (const unfit of [
    both.public,
    { ...value, scheme: { name: 'ecdsa', hash: 'sha1' } as const },
    { ...value, scheme: undefined },
  ]) {
    const made = forgeCertify(signer, device.public, nonce)
    assert.equal(await reasonOf(made, device.public, unfit), 'attestation-key-unfit')
  }
})

for (const missing of ['fixedTPM', 'fixedParent', 'sensitiveDataOrigin', 'sign'] as const) {
  test(`a certified key that is not ${missing} is refused`, async () => {
    const unfit = forgeDeviceKey(device.public.attributes.filter((name) => name !== missing))
    const made = forgeCertify(signer, unfit.public, nonce)
    assert.equal(await reasonOf(made, unfit.public), 'attested-key-unfit')
  })
}

for (const surplus of ['restricted', 'decrypt'] as const) {
  test(`a certified key that is ${surplus} is refused`, async () => {
    const unfit = forgeDeviceKey([...device.public.attributes, surplus])
    const made = forgeCertify(signer, unfit.public, nonce)
    assert.equal(await reasonOf(made, unfit.public), 'attested-key-unfit')
  })
}

test('a certified key of no strength is refused', async () => {
  const weak: TpmPublic = {
    ...device.public,
    type: 'rsa',
    scheme: undefined,
    bits: 1024,
    exponent: 0,
    modulus: new Uint8Array(128).fill(0xff),
  }
  assert.equal(await reasonOf(forgeCertify(signer, weak, nonce), weak), 'key-too-weak')
})

test('a certified key off its curve is refused', async () => {
  const off = { ...device.public, y: device.public.x }
  assert.equal(await reasonOf(forgeCertify(signer, off, nonce), off), 'key-malformed')
})
