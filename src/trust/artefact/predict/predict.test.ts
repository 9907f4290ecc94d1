// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { keyPurposes } from '#format/oids.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNotAfter,
  madeNow,
  makeEntity,
} from '../../../../test/made-certificates.ts'
import { conclude } from '../conclude.ts'
import type { AnyForm } from '../forms.ts'
import { judgeSigner, type SignerClaim } from '../judge-signer.ts'
import type { DeviceTrust } from '../verdict.ts'
import type { DeclaredDevice } from './declared-device.ts'
import { type PredictionAsked, predict } from './predict.ts'

const [root, issuing, signer] = (await Promise.all(
  ['CN=Root', 'CN=Issuing', 'CN=Firmware'].map((name) => makeEntity(name)),
)) as [Entity, Entity, Entity]
const tenYears = Temporal.Instant.from('2037-01-01T00:00:00Z')
const rootCertificate = await certifyAuthority(root, root, [], undefined, { notAfter: tenYears })
const issuingCertificate = await certifyAuthority(issuing, root, [], undefined, {
  notAfter: tenYears,
})
const extensions = [
  encodeExtension('extKeyUsage', [keyPurposes.codeSigning, keyPurposes.emailProtection]),
]
const leaf = await certify(signer, issuing, { extensions })
const supportUntil = Temporal.Instant.from('2036-12-31T00:00:00Z')

/** A form that says of every file that this signer signed it, and counts how often it was read. */
function formOf(claim: Partial<SignerClaim> = {}) {
  let reads = 0
  const form: Pick<AnyForm, 'verify'> = {
    async verify(_source: unknown, trust: DeviceTrust) {
      reads++
      const chain = claim.chain ?? [leaf, issuingCertificate]
      const one = await judgeSigner({ publicKey: signer.pair.publicKey, ...claim, chain }, trust)
      if ('reason' in one) return one
      return conclude({ signers: [one], version: '1.4.0', securityVersion: 4, covers: [] }, trust)
    },
  }
  return { form: form as AnyForm, reads: () => reads }
}

const device: DeclaredDevice = {
  ...{ name: 'PUMP-4', form: 'rauc', settings: [], environment: 'production' },
  ...{ product: undefined, hardware: undefined, keys: [], roots: [rootCertificate] },
  ...{ clock: 'good', clockStartsAt: undefined, seen: undefined, lists: [] },
  ...{ statusFile: undefined, stampRoots: [], minimumVersion: undefined, counter: undefined },
  demandsBoth: false,
}

async function told(
  change: Partial<DeclaredDevice> = {},
  claim: Partial<SignerClaim> = {},
  more: Partial<PredictionAsked> = {},
): Promise<readonly string[]> {
  const found = await predict({
    ...{ form: formOf(claim).form, source: memorySource(new Uint8Array()) },
    ...{ device: { ...device, ...change }, now: madeNow, supportUntil, alsoAt: [], ...more },
  })
  if (found.kind === 'refused') return [`${found.reason}: ${found.detail}`]
  const words = found.predictions.map(({ at, why, outcome }) => {
    const word = outcome.kind === 'refused' ? outcome.reason : 'taken'
    return `${String(at).slice(0, 10)} ${why}: ${word}`
  })
  assert.equal(
    found.accepts,
    words.every((word) => word.endsWith(': taken')),
  )
  return words
}

test('a verifier that looks at its clock takes nothing more when the signer’s certificate has ended', async () => {
  assert.deepEqual(await told(), [
    '2027-06-01 now: taken',
    '2028-01-01 "CN=Firmware" has expired: certificate-expired',
    '2036-12-31 the end of support: certificate-expired',
  ])
})

test('one that goes by the time of signing, or by none, takes it until the end of support', async () => {
  const bySigning = { settings: ['use-bundle-signing-time=true'] }
  const words = [
    '2027-06-01 now: taken',
    '2028-01-01 "CN=Firmware" has expired: taken',
    '2036-12-31 the end of support: taken',
  ]
  assert.deepEqual(await told(bySigning, { claimedAt: madeNow }), words)
  const blind = {
    form: 'swupdate',
    settings: ['CONFIG_CMS_IGNORE_EXPIRED_CERTIFICATE=y'],
  } as const
  assert.deepEqual(await told(blind), words)
  assert.deepEqual(
    await told(bySigning),
    words.map((word) => word.replace('taken', 'artefact-time-unknown')),
  )
})

test('a time-stamp carries over the end where it is honoured, and nowhere else', async () => {
  const stampRoots = [
    await certifyAuthority(await makeEntity('CN=Stamps'), undefined, [], undefined, {
      notAfter: tenYears,
    }),
  ]
  const stamped = { stampedAt: madeNow }
  const update = await certify(signer, issuing, {
    extensions: [encodeExtension('extKeyUsage', [keyPurposes.updatePackageSigning])],
  })
  const ours = { form: 'cms', stampRoots } as const
  const chain = [update, issuingCertificate]
  const words = await told(ours, { ...stamped, chain })
  assert.ok(
    words.every((word) => word.endsWith(': taken')),
    words.join('\n'),
  )
  assert.match(String(await told({ form: 'cms' }, { ...stamped, chain })), /certificate-expired/)
  assert.match(
    String(await told({ stampRoots })),
    /^artefact-choice-wrong: PUMP-4 declares stampRoots, and RAUC does not look at that/,
  )
})

test('a device whose clock was never set does not take what is not yet valid then', async () => {
  const [now] = await told({ clock: 'none' })
  assert.equal(now, '2027-06-01 now: certificate-not-yet-valid')
  const kept = {
    clock: 'none',
    clockStartsAt: Temporal.Instant.from('2027-03-01T00:00:00Z'),
  } as const
  assert.ok((await told(kept)).every((word) => word.endsWith(': taken')))
})

test('what the signer is for is asked as the device is set', async () => {
  const onlyCode = await certify(signer, issuing, {
    extensions: [encodeExtension('extKeyUsage', [keyPurposes.codeSigning])],
  })
  const chain = [onlyCode, issuingCertificate]
  const none = { supportUntil: undefined }
  assert.deepEqual(await told({}, { chain }, none), ['2027-06-01 now: certificate-wrong-purpose'])
  assert.deepEqual(await told({ settings: ['check-purpose=codesign'] }, { chain }, none), [
    '2027-06-01 now: taken',
  ])
})

test('a device that is set to look at lists and holds none takes nothing', async () => {
  const [now] = await told({ settings: ['check-crl=true'] })
  assert.equal(now, '2027-06-01 now: status-unknown')
})

test('the least version and the counter are held against what is signed', async () => {
  const least = (minimumVersion: string) =>
    told({ settings: ['min-bundle-version'], minimumVersion }, {}, { supportUntil: undefined })
  assert.deepEqual(await least('1.4.0'), ['2027-06-01 now: taken'])
  assert.deepEqual(await least('1.4.1'), ['2027-06-01 now: artefact-version-lower'])
  assert.deepEqual(await least('tomorrow'), ['2027-06-01 now: artefact-version-missing'])
  const keys = [signer.pair.publicKey]
  const counting = { form: 'mcuboot', settings: ['MCUBOOT_HW_ROLLBACK_PROT'], keys } as const
  const now = { supportUntil: undefined }
  assert.deepEqual(await told({ ...counting, counter: 4 }, {}, now), ['2027-06-01 now: taken'])
  assert.deepEqual(await told({ ...counting, counter: 5 }, {}, now), [
    '2027-06-01 now: artefact-version-lower',
  ])
  assert.match(
    String(await told({ form: 'mcuboot', keys, counter: 5 })),
    /MCUboot does not look at that, unless it is set to MCUBOOT_HW_ROLLBACK_PROT/,
  )
})

test('a key that the verifier does not check is told before it strands anybody', async () => {
  const other = await makeEntity('CN=Other', 'ml-dsa-44')
  const found = await told(
    { form: 'mender', keys: [other.pair.publicKey] },
    { publicKey: other.pair.publicKey, chain: [] },
    { supportUntil: undefined },
  )
  assert.deepEqual(found, ['2027-06-01 now: artefact-signer-unfit'])
})

test('a setting that the verifier does not have is refused with those that it has', async () => {
  assert.match(
    String(await told({ settings: ['check-purpse=codesign'] })),
    /^artefact-choice-wrong: RAUC is not known to be set to "check-purpse=codesign"; it knows use-bundle/,
  )
})

test('the file is read again only where a signer is judged as never before', async () => {
  const { form, reads } = formOf()
  const alsoAt = Array.from({ length: 12 }, (_, month) => madeNow.add({ hours: 24 * 30 * month }))
  const found = await predict({
    ...{ form, source: memorySource(new Uint8Array()), device, now: madeNow },
    ...{ supportUntil, alsoAt },
  })
  assert.ok(found.kind === 'predicted' && found.predictions.length === 15)
  assert.equal(reads(), 2)
  const last = found.predictions.at(-1)?.outcome
  assert.match(last?.kind === 'refused' ? last.detail : '', /it is 2036-12-31/)
  assert.ok(Temporal.Instant.compare(madeNotAfter, supportUntil) < 0)
})
