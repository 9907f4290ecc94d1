// SPDX-License-Identifier: Apache-2.0
/** A device whose key lives in its TPM, from the factory to its renewal; and a dozen that only say so. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { registerTpm } from '#core/attestation/register-tpm.ts'
import { addProduct } from '#core/devices/product.ts'
import type { Device, Product } from '#core/ledger/tables.ts'
import { importBundle } from '#core/vendors/import-bundle.ts'
import { parseVendorBundle, vendorBundleFormat } from '#format/admin/vendor-bundle.ts'
import type { CertifyRequest } from '#format/attestation/messages.ts'
import { flushContext } from '#format/tpm/command/objects.ts'
import { encodeSizedPublic } from '#format/tpm/structure/public.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sha256 } from '#trust/digest.ts'
import { attestationKeyTemplate } from '#trust/tpm/templates.ts'
import { forgeAttestationKey, forgeCertify, forgeDeviceKey } from '../support/forged-tpm.ts'
import {
  type Answer,
  certificateIn,
  isIssuedBy,
  openTestHouse,
  type TestHouse,
  withCode,
  withDevice,
} from '../support/house.ts'
import { makeTpm, openTpmMaker, type SoftTpm, type TpmMaker, withoutTpm } from '../support/tpm.ts'
import { type LoadedKey, TpmDevice } from '../support/tpm-device.ts'
import { assertTold } from '../support/verified.ts'

const skip = withoutTpm
const operator = { kind: 'person', id: 'test' } as const

/** How far the house's clock is ahead: a device begins a dozen exchanges a minute, and here it lies all the time. */
let passed = Temporal.Duration.from({ seconds: 0 })
let house: TestHouse
let product: Product
let maker: TpmMaker
let tpms: SoftTpm[] = []
/** The honest device: its TPM is registered by the factory. */
let device: TpmDevice
let record: Device
/** What the log was told. */
const heard: { type: string; facts: Readonly<Record<string, unknown>> }[] = []

before(async () => {
  if (skip !== false) return
  house = await openTestHouse(undefined, {
    clock: { now: () => Temporal.Now.instant().add(passed) },
  })
  house.feed.follow(({ events }) => void heard.push(...events))
  maker = openTpmMaker()
  tpms = [await makeTpm(maker), await makeTpm(maker)]
  const words = {
    name: 'pump',
    exposure: 'therapy',
    maker: 'Acme',
    profile: 'tpm-working',
  } as const
  const added = await addProduct({ ...words, birthProfile: 'tpm-birth' }, operator, house.core)
  product = added.kind === 'added' ? added.product : assert.fail(added.detail)
  record = await withDevice(house, product, 'PUMP-1')
  device = await TpmDevice.open(house, tpms[0]!, 'PUMP-1')
  assert.equal((await expectTpm(record, device)).kind, 'registered')
})
after(async () => {
  await house?.stop()
  for (const tpm of tpms) await tpm.remove()
  maker?.remove()
})

beforeEach(() => {
  passed = passed.add({ minutes: 1 })
})

function expectTpm(of: Device, { endorsement }: TpmDevice) {
  const { fingerprint, spki } = endorsement.publicKey
  const named = { fingerprint, spkiSha256: sha256(spki), certificateSha256: null }
  return registerTpm(of, { ...named, announcedSha256: null }, undefined, operator, house.core)
}

async function believeTheMaker() {
  const { root, issuer } = maker.authority()
  const entry = { vendor: 'swtpm', kind: 'tpm', source: 'made by swtpm_localca' }
  const entries = [{ ...entry, roots: [root], intermediates: [issuer] }]
  const head = { format: vendorBundleFormat, name: 'test', version: 1 }
  const document = { ...head, issued: '2026-11-29T00:00:00Z', entries }
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  const imported = await importBundle(parseVendorBundle(bytes), sha256(bytes), operator, house.core)
  assert.equal(imported.kind, 'imported', JSON.stringify(imported))
}

/** The refusal of an answer, which an event tells too. */
async function refusalIn(answer: Answer): Promise<string> {
  assert.notEqual(answer.status, 200, answer.body)
  const reason: string = answer.headers['content-type']?.includes('json')
    ? JSON.parse(answer.body).code
    : answer.body.split(':', 1)[0]!
  const { core } = house
  await core.refusals.flush()
  const told = heard.filter(({ type }) => type === 'request-refused' || type === 'requests-refused')
  assert.ok(
    told.some(({ facts }) => facts.reason === reason || facts[reason] !== undefined),
    `no event of ${reason}`,
  )
  return reason
}

/** Keys of a test go when it ends: a TPM has room for few. */
async function withKey(work: (key: LoadedKey) => Promise<void>, from: TpmDevice = device) {
  const key = await from.makeKey()
  try {
    await work(key)
  } finally {
    await from.tpm.ask(flushContext(key.handle))
  }
}

test(
  'the server proves that the key is in the TPM that it expects, and certifies it',
  {
    skip,
  },
  () =>
    withKey(async (key) => {
      const { results, akCertificate } = await device.attest(key)
      const certificate = certificateIn(await device.enrol(key, results[0]!.ticket))
      assert.ok(isIssuedBy(house, certificate))
      const { publicKey, extensions } = parseCertificate(certificate)
      assert.deepEqual(publicKey.der, key.publicKey.spki)
      assert.deepEqual(
        readExtension(extensions, 'certificatePolicies')?.map(({ oid }) => String(oid)),
        ['2.23.133.11.1.1', '2.23.133.11.1.2'],
      )
      const found = await house.core.ledger.find('key', 'fingerprint', [key.publicKey.fingerprint])
      assert.deepEqual(
        [found?.attested, found?.protection, found?.exportable, found?.owner],
        [true, 'tpm', false, record.id],
      )
      const attestation = parseCertificate(akCertificate[0]!)
      assert.deepEqual(attestation.publicKey.der, device.attestation.publicKey.spki)
      // It renews by another ticket, as it has no TLS of its own.
      const again = await device.attest(key)
      const renewed = certificateIn(await device.enrol(key, again.results[0]!.ticket))
      assert.notDeepEqual(renewed, certificate)
    }),
)

test('its birth identity is certified like that, and made once', { skip }, () =>
  withKey(async (key) => {
    const { results } = await device.attest(key)
    const born = await device.enrol(key, results[0]!.ticket, 'pump-birth')
    assert.ok(isIssuedBy(house, certificateIn(born)))
    const again = await device.attest(key)
    const twin = await device.enrol(key, again.results[0]!.ticket, 'pump-birth')
    assert.equal(await refusalIn(twin), 'too-many-identities')
  }),
)

test('a request without a ticket, for a key that nobody vouched for, is refused', { skip }, () =>
  withKey(async (key) => {
    const other = await withDevice(house, product, 'PUMP-CODE')
    const answer = await device.enrol(key, await withCode(house, other))
    assert.equal(await refusalIn(answer), 'code-wrong')
  }),
)

/** What is told in the second message in the place of the truth. */
type Lie = (told: {
  readonly key: LoadedKey
  readonly truth: CertifyRequest
  readonly nonce: Uint8Array
}) => Promise<CertifyRequest> | CertifyRequest

const instead = (truth: CertifyRequest, claim: Partial<CertifyRequest['keys'][number]>) => ({
  ...truth,
  keys: [{ ...truth.keys[0]!, ...claim }],
})

const lies: readonly (readonly [string, string, Lie])[] = [
  [
    'an attestation replayed',
    'attestation-stale',
    async ({ key, truth }) => instead(truth, await device.claim(key, new Uint8Array(32).fill(9))),
  ],
  [
    'an attestation of another key of the same TPM',
    'attestation-of-another-key',
    async ({ truth, nonce }) => {
      let lie = truth
      await withKey(async (other) => {
        const { attest, signature } = await device.claim(other, nonce)
        lie = instead(truth, { attest, signature })
      })
      return lie
    },
  ],
  [
    'a key of a program, attested by a program',
    'attestation-signature-wrong',
    ({ truth, nonce }) => {
      const key = forgeDeviceKey()
      const claim = forgeCertify(forgeAttestationKey(), key.public, nonce)
      return instead(truth, { public: encodeSizedPublic(key.public), ...claim })
    },
  ],
  [
    'an attestation by another genuine TPM',
    'attestation-signature-wrong',
    async ({ truth, nonce }) => {
      const other = await TpmDevice.open(house, tpms[1]!, 'PUMP-1')
      const key = await other.makeKey()
      const claim = await other.claim(key, nonce)
      await other.tpm.ask(flushContext(key.handle))
      await other.close()
      return instead(truth, claim)
    },
  ],
  [
    'a quote in the place of a certification',
    'attestation-wrong-type',
    async ({ truth, nonce }) => {
      const asked = { bank: 'sha256', registers: [0] }
      const begun = { ...({} as Parameters<TpmDevice['quoteFor']>[0]), nonce, quote: asked }
      const { attest, signature } = await device.quoteFor(begun)
      return instead(truth, { attest, signature })
    },
  ],
  [
    'a signature of which one bit is another',
    'attestation-signature-wrong',
    ({ truth }) => {
      const signature = truth.keys[0]!.signature.slice()
      signature[signature.length - 1]! ^= 1
      return instead(truth, { signature })
    },
  ],
  [
    'what is signed but begins as nothing of a TPM does',
    'attestation-not-from-tpm',
    ({ truth }) => {
      const attest = truth.keys[0]!.attest.slice()
      attest[0]! ^= 0xff
      return instead(truth, { attest })
    },
  ],
  [
    'a public area with another attribute than the TPM has',
    'attestation-of-another-key',
    ({ key, truth }) => {
      const attributes = key.public.attributes.filter((one) => one !== 'userWithAuth')
      return instead(truth, { public: encodeSizedPublic({ ...key.public, attributes }) })
    },
  ],
  [
    'a secret that was guessed',
    'attestation-secret-wrong',
    ({ truth }) => ({ ...truth, secret: new Uint8Array(32) }),
  ],
]

for (const [what, reason, lie] of lies)
  test(`${what} is refused: ${reason}`, { skip }, () =>
    withKey(async (key) => {
      const begun = await device.begin()
      const { nonce } = begun
      const truth = await device.answerTo(begun, key)
      const answer = await device.certify(await lie({ key, truth, nonce }))
      assert.equal(await refusalIn(answer), reason)
      // Nor can the truth be told afterwards: the exchange is over.
      assert.equal(await refusalIn(await device.certify(truth)), 'attestation-session-unknown')
    }),
  )

test('a key that may leave the TPM is refused: attested-key-unfit', { skip }, async () => {
  const template = ['sensitiveDataOrigin', 'userWithAuth', 'sign'] as const
  const key = await device.makeKey(template)
  const answer = await device.certify(await device.answerTo(await device.begin(), key))
  assert.equal(await refusalIn(answer), 'attested-key-unfit')
  await device.tpm.ask(flushContext(key.handle))
})

test('a restricted key is refused as an identity: attested-key-unfit', { skip }, async () => {
  const begun = await device.begin()
  const answer = await device.certify(await device.answerTo(begun, device.attestation))
  assert.equal(await refusalIn(answer), 'attested-key-unfit')
})

test('an attestation key that is not restricted is refused: attestation-key-unfit', { skip }, () =>
  withKey(async (key) => {
    const akPublic = encodeSizedPublic(key.public)
    assert.equal(await refusalIn(await device.askToBegin({ akPublic })), 'attestation-key-unfit')
    const attributes = attestationKeyTemplate.attributes.filter((one) => one !== 'restricted')
    const bent = encodeSizedPublic({ ...device.attestation.public, attributes })
    assert.equal(
      await refusalIn(await device.askToBegin({ akPublic: bent })),
      'attestation-key-unfit',
    )
  }),
)

test('a credential for another attestation key is opened by no TPM', { skip }, async () => {
  const akPublic = encodeSizedPublic(forgeAttestationKey().public)
  const begun = await device.begin({ akPublic })
  await assert.rejects(device.activate(begun), /TPM_RC_INTEGRITY/)
})

test('a credential replayed opens to a secret of an exchange that is over', { skip }, () =>
  withKey(async (key) => {
    const old = await device.begin()
    const begun = await device.begin()
    const request = await device.answerTo(begun, key)
    const secret = await device.activate(old)
    assert.equal(
      await refusalIn(await device.certify({ ...request, secret })),
      'attestation-secret-wrong',
    )
    assert.equal(
      await refusalIn(await device.certify({ ...request, session: old.session, secret })),
      'attestation-session-unknown',
    )
  }),
)

test('tickets: of another key, and twice', { skip }, () =>
  withKey(async (key) => {
    const { results } = await device.attest(key)
    const { ticket } = results[0]!
    await withKey(async (other) =>
      assert.equal(await refusalIn(await device.enrol(other, ticket)), 'ticket-for-another-key'),
    )
    certificateIn(await device.enrol(key, ticket))
    assert.equal(await refusalIn(await device.enrol(key, ticket)), 'code-used')
  }),
)

test('another genuine TPM, with a certificate of its maker, is not the expected one', {
  skip,
}, async () => {
  const other = await TpmDevice.open(house, tpms[1]!, 'PUMP-1')
  other.certificates = [await other.readCertificate()]
  await believeTheMaker()
  assert.equal(await refusalIn(await other.askToBegin()), 'tpm-unexpected')
  assert.ok(heard.some(({ type }) => type === 'tpm-conflict'))
  // Nor does the TPM of this device serve another.
  await withDevice(house, product, 'PUMP-2')
  const thief = new TpmDevice({ ...device, serial: 'PUMP-2' })
  assert.equal(await refusalIn(await thief.askToBegin()), 'tpm-of-another-device')
  await other.close()
})

test('a first contact: code and maker bind the TPM, and then it needs neither', {
  skip,
}, async () => {
  const fresh = await withDevice(house, product, 'PUMP-3')
  const other = await TpmDevice.open(house, tpms[1]!, 'PUMP-3')
  other.code = await withCode(house, fresh)
  assert.equal(await refusalIn(await other.askToBegin()), 'endorsement-missing')
  other.certificates = [await other.readCertificate()]
  await withKey(async (key) => {
    const { results } = await other.attest(key)
    certificateIn(await other.enrol(key, results[0]!.ticket))
    other.code = undefined
    other.certificates = []
    await other.attest(key)
  }, other)
  const attestations = await house.core.ledger.list('attestation', {
    ...{ by: 'device', equal: [fresh.id], descending: true, limit: 10 },
  })
  assert.match(attestations.items.at(-1)?.module ?? '', /:[0-9a-f]+:[0-9a-f]+$/)
  assert.equal(attestations.items.at(-1)?.facts.vendor, 'swtpm')
})

test('log and ledger tell of the same proofs, one to one', { skip }, async () => {
  await assertTold(house, 'attestation')
  await assertTold(house, 'endorsement')
})
