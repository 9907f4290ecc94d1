// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { algorithms, tpmKeyPurposes } from '#format/oids.ts'
import type { VendorCertificate } from '#format/tpm/endorsement-certificate.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNotAfter,
  madeNow,
  makeAnchor,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { type VendorAnchor, type VendorQuestion, validateVendorPath } from './vendor-path.ts'

const [root, issuing, chip, stranger] = (await Promise.all(
  ['CN=Chip Root', 'CN=Chip Issuing', 'CN=unknown', 'CN=Chip Root'].map((name) => makeEntity(name)),
)) as [Entity, Entity, Entity, Entity]
const rootCertificate = await certifyAuthority(root)
const issuingCertificate = await certifyAuthority(issuing, root)

const endorsement = [
  encodeExtension('keyUsage', ['keyAgreement']),
  encodeExtension('extKeyUsage', [tpmKeyPurposes.endorsement]),
]
const leaf = await certify(chip, issuing, { extensions: endorsement })

function sound(certificate: Certificate): VendorCertificate {
  return { certificate, oddities: [] }
}

function anchorWith(change: Partial<VendorAnchor> = {}): VendorAnchor {
  return { ...makeAnchor(rootCertificate), odd: false, afterExpiry: 'refused', ...change }
}

function ask(change: Partial<VendorQuestion> = {}): string {
  const result = validateVendorPath({
    leaf: sound(leaf),
    intermediates: [sound(issuingCertificate)],
    anchors: [anchorWith()],
    at: madeNow,
    purpose: 'endorsement',
    ...change,
  })
  return result.kind === 'refused' ? result.reason : result.kind
}

const later = madeNotAfter.add({ hours: 24 })

describe('the word of a maker of chips', () => {
  test('holds for a key under its root', () => {
    assert.equal(ask(), 'vouched')
    assert.equal(ask({ intermediates: [] }), 'certificate-not-trusted')
    assert.equal(ask({ anchors: [] }), 'certificate-not-trusted')
  })

  test('is not that of a stranger who bears its name', async () => {
    const forged = await certifyAuthority(issuing, stranger)
    assert.equal(ask({ intermediates: [sound(forged)] }), 'signature-wrong')
  })

  test('names the anchor that it rests on', () => {
    const anchors = [anchorWith(), anchorWith()]
    const result = validateVendorPath({
      leaf: sound(leaf),
      intermediates: [sound(issuingCertificate)],
      anchors,
      at: madeNow,
      purpose: 'endorsement',
    })
    assert.ok(result.kind === 'vouched' && result.anchor === anchors[0])
    assert.deepEqual(result.path.certificates, [leaf, issuingCertificate])
  })

  test('is about an endorsement key by extKeyUsage, or by none', async () => {
    assert.equal(ask({ leaf: sound(await certify(chip, issuing)) }), 'vouched')
    const attestation = [encodeExtension('extKeyUsage', [tpmKeyPurposes.attestation])]
    const other = await certify(chip, issuing, { extensions: attestation })
    assert.equal(ask({ leaf: sound(other) }), 'certificate-wrong-purpose')
    const signing = [encodeExtension('keyUsage', ['digitalSignature'])]
    const signer = await certify(chip, issuing, { extensions: signing })
    assert.equal(ask({ leaf: sound(signer) }), 'certificate-wrong-purpose')
  })

  test('is never about an authority', async () => {
    const authority = await certifyAuthority(chip, issuing)
    assert.equal(ask({ leaf: sound(authority) }), 'certificate-wrong-purpose')
  })

  test('ends with the certificates, unless the anchor accepts what expired', async () => {
    assert.equal(ask({ at: later }), 'certificate-expired')
    assert.equal(ask({ at: later, anchors: [anchorWith({ afterExpiry: 'accepted' })] }), 'vouched')
  })

  test('is asked as of the day on which the leaf began where what expired is accepted', async () => {
    const anchors = [anchorWith({ afterExpiry: 'accepted' })]
    const after = { notBefore: later, notAfter: later.add({ hours: 24 }), extensions: endorsement }
    const afterwards = await certify(chip, issuing, after)
    assert.equal(ask({ leaf: sound(afterwards), anchors, at: later }), 'certificate-expired')
    const tomorrow = await certify(chip, issuing, {
      ...after,
      notBefore: madeNow.add({ hours: 1 }),
    })
    assert.equal(ask({ leaf: sound(tomorrow), anchors }), 'certificate-not-yet-valid')
  })

  test('counts for what is odd only where the anchor lets it pass', () => {
    const odd: VendorCertificate = { certificate: leaf, oddities: ['serial-number'] }
    assert.equal(ask({ leaf: odd }), 'certificate-not-trusted')
    assert.equal(ask({ leaf: odd, anchors: [anchorWith(), anchorWith({ odd: true })] }), 'vouched')
    const between: VendorCertificate = {
      certificate: issuingCertificate,
      oddities: ['time-form'],
    }
    assert.equal(ask({ intermediates: [between] }), 'certificate-not-trusted')
    assert.equal(ask({ intermediates: [between], anchors: [anchorWith({ odd: true })] }), 'vouched')
  })

  test('is refused for a key of a kind that nobody knows', () => {
    const algorithm = encodeAlgorithmIdentifier(algorithms.rsaesOaep)
    const publicKey = { ...leaf.publicKey, algorithm }
    assert.equal(ask({ leaf: sound({ ...leaf, publicKey }) }), 'key-algorithm-unknown')
  })

  test('goes through a cross-certificate of another root', async () => {
    const newer = await makeEntity('CN=Chip Root 2')
    const crossed = await certifyAuthority(root, newer)
    const anchors = [{ ...anchorWith(), ...makeAnchor(await certifyAuthority(newer)) }]
    const intermediates = [sound(issuingCertificate), sound(crossed)]
    assert.equal(ask({ anchors, intermediates }), 'vouched')
  })
})
