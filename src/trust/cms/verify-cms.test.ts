// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, test } from 'node:test'
import { concatBytes } from '#format/bytes.ts'
import { encodeSignedData, parseSignedData, type SignedData } from '#format/cms/signed-data.ts'
import { encodeSignedAttributes, type SignerInfo } from '#format/cms/signer-info.ts'
import { parseOidText } from '#format/der/oid.ts'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms, attributes, contentTypes, keyPurposes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { madeNotAfter, madeNow } from '../../../test/made-certificates.ts'
import {
  type MadeSigner,
  type SigningHouse,
  signAll,
  signingHouse,
} from '../../../test/support/signers.ts'
import type { ArtefactRefused } from '../artefact/refusal.ts'
import type { DeviceTrust } from '../artefact/verdict.ts'
import { sha256 } from '../digest.ts'
import type { DigestName } from '../digest-signature.ts'
import { type CmsPlan, type CmsWish, digestsFor, planCms } from './plan-cms.ts'
import { type CmsRules, verifyCms } from './verify-cms.ts'

const content = new TextEncoder().encode('what is signed')
const digestOf = async (name: DigestName) =>
  Uint8Array.from(createHash(name).update(content).digest())
let house: SigningHouse
let signer: MadeSigner

before(async () => {
  house = await signingHouse()
  signer = await house.signer()
})

async function signed(
  signers: readonly MadeSigner[],
  wish: Partial<CmsWish> = {},
): Promise<Uint8Array> {
  const planned = planCms({ content: { kind: 'attached', bytes: content }, signers, ...wish })
  assert.equal(planned.kind, 'cms-plan')
  const plan = planned as CmsPlan
  return plan.finish(signAll(plan.wanted, signers))
}

const strict: CmsRules = { unknownSigners: 'refused' }

async function judged(
  der: Uint8Array,
  trust: Partial<DeviceTrust> = {},
  rules: CmsRules = strict,
): Promise<string> {
  const verdict = await verifyCms(parseSignedData(der), digestOf, house.trust(trust), rules)
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}

for (const [algorithm, signsWith] of [
  ['p-256', undefined],
  ['p-384', undefined],
  ['p-521', undefined],
  ['rsa-2048', 'rsa-sha256'],
  ['rsa-2048', 'rsa-pss-sha256'],
  ['ed25519', undefined],
  ['ml-dsa-44', undefined],
  ['ml-dsa-65', undefined],
  ['ml-dsa-87', undefined],
] as const)
  test(`a CMS signed by ${signsWith ?? algorithm} is believed, and over other content it is not`, async () => {
    const one = await house.signer({ algorithm, ...(signsWith && { signsWith }) })
    const der = await signed([one])
    assert.equal(await judged(der), 'proved')
    const other = async (name: DigestName) =>
      Uint8Array.from(createHash(name).update('other').digest())
    const verdict = await verifyCms(parseSignedData(der), other, house.trust(), strict)
    assert.equal((verdict as ArtefactRefused).reason, 'artefact-digest-wrong')
  })

test('a digest is all that is needed of what is signed elsewhere, whatever the algorithm', async () => {
  const signers = [signer, await house.signer({ algorithm: 'ml-dsa-65' })]
  const digests = new Map<DigestName, Uint8Array>()
  for (const name of digestsFor(signers)) digests.set(name, await digestOf(name))
  assert.deepEqual([...digests.keys()], ['sha256', 'sha512'])
  const der = await signed(signers, { content: { kind: 'detached', digests } })
  assert.equal(parseSignedData(der).content, undefined)
  assert.equal(await judged(der), 'proved')
})

test('of several signers each has to hold, unless strangers are passed over', async () => {
  const elsewhere = await signingHouse('Elsewhere')
  const stranger = await elsewhere.signer()
  const der = await signed([stranger, signer])
  assert.equal(await judged(der), 'certificate-not-trusted')
  assert.equal(await judged(der, {}, { unknownSigners: 'skipped' }), 'proved')
  assert.equal(
    await judged(await signed([stranger]), {}, { unknownSigners: 'skipped' }),
    'certificate-not-trusted',
  )
})

test('the moment of judgement is that of the clock, else what the signer says', async () => {
  const late = madeNotAfter.add({ hours: 24 })
  const der = await signed([signer])
  assert.equal(await judged(der, { now: late }), 'certificate-expired')
  assert.equal(await judged(der, { now: undefined }), 'artefact-time-unknown')
  const timed = await signed([signer], { signingTime: madeNow })
  assert.equal(await judged(timed, { now: undefined }), 'proved')
  assert.equal(await judged(timed, { now: late }), 'certificate-expired')
})

/** As RAUC 1.8 and SWUpdate 2022.12 judge, formats measured: docs/conformance/rauc.md, docs/conformance/swupdate.md. */
const { codeSigning, emailProtection, serverAuth, updatePackageSigning } = keyPurposes
for (const [what, purposes, words] of [
  ['codeSigning', [codeSigning], ['wrong', 'proved', 'wrong', 'wrong']],
  ['emailProtection', [emailProtection], ['proved', 'wrong', 'wrong', 'wrong']],
  ['both', [codeSigning, emailProtection], ['proved', 'proved', 'proved', 'wrong']],
  ['none', undefined, ['proved', 'wrong', 'wrong', 'wrong']],
  ['serverAuth', [serverAuth], ['wrong', 'wrong', 'wrong', 'wrong']],
  ['any', [keyPurposes.anyExtendedKeyUsage], ['wrong', 'wrong', 'wrong', 'wrong']],
  ['updatePackageSigning', [updatePackageSigning], ['wrong', 'wrong', 'wrong', 'proved']],
] as const)
  test(`a signer with extKeyUsage ${what} signs mail, code, both, updates: ${words.join(', ')}`, async () => {
    const der = await signed([await house.signer({ purposes })])
    const asked = ['email', 'code', 'email-and-code', 'update-package'] as const
    for (const [index, purpose] of asked.entries())
      assert.equal(
        await judged(der, { purpose }),
        words[index] === 'wrong' ? 'certificate-wrong-purpose' : 'proved',
        purpose,
      )
    assert.equal(await judged(der, { purpose: 'any' }), 'proved')
  })

/** A message with its only signer changed, and signed anew where `resign` says so. */
function bent(message: SignedData, change: Partial<SignerInfo>, resign = false): Uint8Array {
  const info = { ...message.signers[0]!, ...change }
  const over = encodeSignedAttributes(info.signedAttributes)
  const wanted = [{ signer, over: 'message', bytes: over } as const]
  const signature = resign ? signAll(wanted, [signer])[0]! : info.signature
  return encodeSignedData({ ...message, signers: [{ ...info, signature }] })
}

test('every part that a signer of a CMS is made of is checked', async () => {
  const message = parseSignedData(await signed([signer]))
  const [info] = message.signers
  assert.ok(info)
  const flipped = info.signature.slice()
  flipped[10]! ^= 1
  const ofType = (oid: (typeof contentTypes)[keyof typeof contentTypes]) =>
    info.signedAttributes.map((attribute) =>
      attribute.type === attributes.contentType
        ? { ...attribute, values: [encodeDer((writer) => writer.oid(oid))] }
        : attribute,
    )
  const withoutDigest = info.signedAttributes.filter(
    ({ type }) => type !== attributes.messageDigest,
  )
  const twoDigests = info.signedAttributes.map((attribute) =>
    attribute.type === attributes.messageDigest
      ? { ...attribute, values: [...attribute.values, concatBytes([attribute.values[0]!])] }
      : attribute,
  )
  const more = [
    ...info.signedAttributes,
    { type: parseOidText('1.2.3.4'), values: [Uint8Array.of(5, 0)] },
  ]
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['a signature of one bit less', bent(message, { signature: flipped }), 'signature-wrong'],
    ['an attribute more', bent(message, { signedAttributes: more }), 'signature-wrong'],
    ['an attribute more, signed', bent(message, { signedAttributes: more }, true), 'proved'],
    [
      'no signed attributes',
      bent(message, { signedAttributes: [] }, true),
      'artefact-field-not-allowed',
    ],
    ['no digest', bent(message, { signedAttributes: withoutDigest }, true), 'artefact-malformed'],
    ['two digests', bent(message, { signedAttributes: twoDigests }, true), 'artefact-malformed'],
    [
      'attributes of another type',
      bent(message, { signedAttributes: ofType(contentTypes.signedData) }, true),
      'artefact-of-another-form',
    ],
    [
      'content of another type',
      encodeSignedData({ ...message, contentType: contentTypes.keyPackage }),
      'artefact-of-another-form',
    ],
    [
      'another digest algorithm',
      bent(message, { digestAlgorithm: encodeAlgorithmIdentifier(algorithms.sha384) }),
      'artefact-digest-wrong',
    ],
    [
      'SHA-1',
      bent(message, { digestAlgorithm: encodeAlgorithmIdentifier(algorithms.sha1) }),
      'signature-algorithm-unknown',
    ],
    [
      'another signature algorithm',
      bent(message, { signatureAlgorithm: encodeAlgorithmIdentifier(algorithms.ecdsaWithSha384) }),
      'signature-algorithm-unknown',
    ],
    [
      'an algorithm of another key',
      bent(message, {
        signatureAlgorithm: encodeAlgorithmIdentifier(
          algorithms.sha256WithRsa,
          Uint8Array.of(5, 0),
        ),
      }),
      'signature-wrong',
    ],
    [
      'another serial number',
      bent(message, {
        signer: { ...info.signer, serialNumber: Uint8Array.of(1) } as SignerInfo['signer'],
      }),
      'artefact-signer-unknown',
    ],
    [
      'no certificates',
      encodeSignedData({ ...message, certificates: [] }),
      'artefact-signer-unknown',
    ],
    [
      'no authority',
      encodeSignedData({ ...message, certificates: [signer.certificate.der] }),
      'certificate-not-trusted',
    ],
    ['no signer', encodeSignedData({ ...message, signers: [] }), 'artefact-not-signed'],
    [
      'nine signers',
      encodeSignedData({ ...message, signers: Array.from({ length: 9 }, () => info) }),
      'artefact-malformed',
    ],
  ]
  for (const [what, der, word] of cases) assert.equal(await judged(der), word, what)
})

test('a signer is named by its key as well as by its certificate', async () => {
  const message = parseSignedData(await signed([signer]))
  const keyIdentifier = sha256(signer.publicKey.spki).slice(0, 20)
  assert.equal(await judged(bent(message, { signer: { kind: 'key', keyIdentifier } })), 'proved')
  const other = { kind: 'key', keyIdentifier: new Uint8Array(20) } as const
  assert.equal(await judged(bent(message, { signer: other })), 'artefact-signer-unknown')
})

test('nobody is planned for who could not be believed', async () => {
  const other = await house.signer({ algorithm: 'p-384' })
  for (const [signers, word] of [
    [[], 'artefact-choice-wrong'],
    [[signer, signer], 'artefact-choice-wrong'],
    [[{ ...signer, chain: [] }], 'artefact-signer-unfit'],
    [[{ ...signer, chain: other.chain }], 'artefact-signer-unfit'],
    [[{ ...signer, algorithm: 'rsa-sha256' }], 'artefact-signer-unfit'],
    [[{ ...signer, algorithm: 'ed448' }], 'artefact-signer-unfit'],
    [[{ ...signer, chain: [Uint8Array.of(0x30, 0)] }], 'artefact-signer-unfit'],
  ] as const) {
    const planned = planCms({ content: { kind: 'attached', bytes: content }, signers })
    assert.equal(planned.kind === 'refused' && planned.reason, word)
  }
})
