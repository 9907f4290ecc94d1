// SPDX-License-Identifier: Apache-2.0
/** The exchange with the TPM of a device, and every lie that is told in it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CertifyRequest } from '#format/attestation/messages.ts'
import { encodeSizedPublic } from '#format/tpm/structure/public.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  ask,
  certificateOf,
  codeFor,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import {
  ForgedDevice,
  makeForgedTpm,
  pairOf,
  publicKeyOf,
} from '../../../test/support/forged-device.ts'
import {
  type ForgedKey,
  forgeAttest,
  forgeAttestationKey,
  forgeCertify,
  forgeDeviceKey,
  frame,
} from '../../../test/support/forged-tpm.ts'
import { renewalBy } from '../../../test/support/house.ts'
import { believe, certifyTpm, makeVendor } from '../../../test/support/tpm-vendor.ts'
import { addDevice } from '../devices/add.ts'
import { addEntrance } from '../devices/entrance.ts'
import { rebind, retire } from '../devices/life.ts'
import { addProduct } from '../devices/product.ts'
import { newId } from '../ledger/ids.ts'
import type { Attestation, Device } from '../ledger/tables.ts'
import { applyProfile } from '../policy/apply-profile.ts'
import { mostLately } from '../policy/decide.ts'
import { readyProfiles } from '../policy/ready/ready-profiles.ts'
import { tpmSet } from '../policy/ready/tpm-set.ts'
import { openAlarm } from '../watch/alarm.ts'
import { sessionSpan } from './begin.ts'
import { ticketSpan } from './book-proof.ts'
import { certifyKeys } from './certify.ts'
import { expireSessions } from './expire.ts'
import { AttestationPace } from './pace.ts'
import { addReference, withdrawReference } from './references.ts'
import { registerTpm } from './register-tpm.ts'

const because = 'RFC 0000: a test'

/** A product whose working identities are those of `tpm-working`, with another rule about quotes. */
async function addTpmPump(core: TestCore, quote?: 'recorded' | 'required') {
  const working = tpmSet.find(({ name }) => name === 'tpm-working')
  assert.ok(working)
  const { attestation: _, ...rest } = working
  const rule = { required: ['tpm'], maxAgeHours: 24, because }
  const profile = { ...rest, name: 'pump-tpm', attestation: { ...rule, ...(quote && { quote }) } }
  const applied = await applyProfile(profile, operator, core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  const words = { name: 'pump', exposure: 'therapy', maker: 'Acme', profile: 'pump-tpm' } as const
  const added = await addProduct({ ...words, birthProfile: 'tpm-birth' }, operator, core)
  return added.kind === 'added' ? added.product : assert.fail(added.detail)
}

interface Scene {
  readonly core: TestCore
  readonly device: ForgedDevice
  /** The device's record, as it was added. */
  readonly record: Device
}

/** A device whose TPM the factory registered by the hash of its endorsement key. */
function scene(
  work: (scene: Scene) => Promise<void>,
  { quote, known = true }: { quote?: 'recorded' | 'required'; known?: boolean } = {},
): Promise<void> {
  return withCore(async (core) => {
    const product = await addTpmPump(core, quote)
    const device = new ForgedDevice(core, 'PUMP-1')
    const ekSha256 = sha256(publicKeyOf(device.tpm.endorsement).spki)
    const particulars = { hardwareRevision: 'B', lot: null, udiDi: null }
    const added = await addDevice(
      { serial: 'PUMP-1', ...particulars, ...(known && { ekSha256 }) },
      product,
      operator,
      core,
    )
    assert.ok(added.kind === 'added', JSON.stringify(added))
    await work({ core, device, record: added.device })
  })
}

/** A second door of the pumps, that asks for no attestation. */
async function entranceWithout(core: TestCore, record: Device, profile = 'ldevid') {
  const product = (await core.ledger.read('product', record.product))!
  const asked = { label: 'pump-plain', product, profile }
  assert.equal((await addEntrance(asked, operator, core)).kind, 'added')
}

/** What the log tells of the last refusal. */
function lastRefusal({ core }: Scene) {
  const event = core.events.findLast(({ type }) => type === 'request-refused')
  return event?.facts.reason
}

async function newest({ core }: Scene): Promise<Attestation | undefined> {
  return (await core.ledger.list('attestation', { descending: true, limit: 1 })).items[0]
}

test('a key is attested, and by its ticket certified as what it is', () =>
  scene(async (scene) => {
    const { core, device } = scene
    const key = forgeDeviceKey()
    const answer = await device.attest(key)
    const [result] = answer.results
    assert.ok(result)
    assert.equal(result.spkiSha256, sha256(publicKeyOf(key).spki).toHex())
    const ticket = { kind: 'code', user: 'PUMP-1', code: result.ticket } as const
    const { id, certificate } = issuedOf(await ask(core, ticket, pairOf(key)))
    const record = await core.ledger.read('key', (await certificateOf(core, id)).key)
    assert.deepEqual([record?.attested, record?.protection], [true, 'tpm'])
    const { extensions } = parseCertificate(certificate)
    assert.deepEqual(
      readExtension(extensions, 'certificatePolicies')?.map(({ oid }) => String(oid)),
      ['2.23.133.11.1.1', '2.23.133.11.1.2'],
    )
    const [module] = readExtension(extensions, 'subjectAltName') ?? []
    assert.ok(module?.kind === 'hardwareModuleName')
    assert.equal(String(module.hardwareType), '2.23.133.1.2')
    const attestation = await newest(scene)
    assert.equal(attestation?.quote, 'none')
    const evidence = await core.ledger.read('evidence', attestation?.id ?? '')
    assert.deepEqual(sha256(evidence?.bytes ?? new Uint8Array()), attestation?.evidenceSha256)
    assert.deepEqual(
      core.events.filter(({ type }) => /attest|tpm/.test(type)).map(({ type }) => type),
      ['tpm-expected', 'attestation-begun', 'tpm-seen', 'key-attested'],
    )
  }))

test('the attestation key is certified to attest and for nothing else, once for all its exchanges', () =>
  scene(async ({ core, device }) => {
    const { akCertificate } = await device.attest()
    const certificate = parseCertificate(akCertificate[0] ?? new Uint8Array())
    const { extensions } = certificate
    assert.deepEqual(readExtension(extensions, 'extKeyUsage')?.map(String), ['2.23.133.8.3'])
    assert.deepEqual(
      readExtension(extensions, 'certificatePolicies')?.map(({ oid }) => String(oid)),
      ['2.23.133.11.1.1', '2.23.133.11.1.3'],
    )
    assert.equal(akCertificate.length, 3)
    assert.deepEqual((await device.attest()).akCertificate, akCertificate)
    // No door takes it for an identity.
    const shown = { kind: 'certificate', chain: akCertificate } as const
    const outcome = await ask(core, shown, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'certificate-wrong-purpose')
    const own = await core.ledger.find('certificate', 'sha256', [sha256(certificate.der)])
    assert.equal(own?.kind, 'attestation')
    core.clock.pass({ hours: 24 * 60 })
    const next = (await device.attest()).akCertificate[0]
    const followed = await core.ledger.find('certificate', 'sha256', [sha256(next!)])
    assert.equal(followed?.replaces, own?.id)
  }))

test('a device gets no more certificates for ever new attestation keys than for identities', () =>
  scene(async ({ core, device, record }) => {
    for (let count = 0; count < mostLately; count++) {
      await new ForgedDevice(core, 'PUMP-1', {
        ...device.tpm,
        attestation: forgeAttestationKey(),
      }).attest()
      core.clock.pass({ minutes: 1 })
    }
    assert.equal(
      reasonOf(await device.certify(device.answerTo(await device.begin(), forgeDeviceKey()))),
      'rate-limited',
    )
    const query = { by: 'owner', equal: [record.id], limit: 100 } as const
    assert.equal((await core.ledger.list('certificate', query)).items.length, mostLately)
    core.clock.pass({ hours: 24 })
    await device.attest()
  }))

test('several keys are attested at once, each with a ticket of its own', () =>
  scene(async ({ device }) => {
    const begun = await device.begin()
    const keys = [forgeDeviceKey(), forgeDeviceKey()]
    const claims = keys.flatMap((key) => device.answerTo(begun, key).keys)
    const certified = await device.certify({ ...device.answerTo(begun, keys[0]!), keys: claims })
    assert.ok(certified.kind === 'certified')
    const tickets = certified.answer.results.map(({ ticket }) => ticket)
    assert.equal(new Set(tickets).size, 2)
  }))

test('a key that was certified before it was attested is known as attested from then on', () =>
  scene(async ({ core, device, record }) => {
    await entranceWithout(core, record)
    const key = forgeDeviceKey()
    const code = { kind: 'code', user: 'PUMP-1', code: await codeFor(core, record) } as const
    issuedOf(await ask(core, code, pairOf(key), { label: 'pump-plain' }))
    const known = () => core.ledger.find('key', 'fingerprint', [publicKeyOf(key).fingerprint])
    assert.equal((await known())?.attested, false)
    await device.attest(key)
    const { attested, protection } = (await known())!
    assert.deepEqual([attested, protection], [true, 'tpm'])
  }))

/** Each lie, told in the second message; what is true of the rest stays true. */
type Lie = (told: {
  readonly device: ForgedDevice
  readonly key: ForgedKey
  readonly begun: Parameters<ForgedDevice['activate']>[0]
  readonly truth: CertifyRequest
}) => CertifyRequest | Promise<CertifyRequest>

const changed = (truth: CertifyRequest, claim: Partial<CertifyRequest['keys'][number]>) => ({
  ...truth,
  keys: [{ ...truth.keys[0]!, ...claim }],
})

const lies: readonly (readonly [string, string, Lie])[] = [
  [
    'an attestation of an earlier exchange',
    'attestation-stale',
    ({ device, key, truth }) =>
      changed(truth, forgeCertify(device.tpm.attestation, key.public, new Uint8Array(32))),
  ],
  [
    'an attestation for another key',
    'attestation-of-another-key',
    ({ device, begun, truth }) =>
      changed(truth, forgeCertify(device.tpm.attestation, forgeDeviceKey().public, begun.nonce)),
  ],
  [
    'the public area of another key',
    'attestation-of-another-key',
    ({ truth }) => changed(truth, { public: encodeSizedPublic(forgeDeviceKey().public) }),
  ],
  [
    'an attestation by another attestation key',
    'attestation-signature-wrong',
    ({ key, begun, truth }) =>
      changed(truth, forgeCertify(forgeAttestationKey(), key.public, begun.nonce)),
  ],
  [
    'a signature that was changed',
    'attestation-signature-wrong',
    ({ truth }) => {
      const signature = truth.keys[0]!.signature.slice()
      signature[signature.length - 1]! ^= 1
      return changed(truth, { signature })
    },
  ],
  [
    'an attestation that was changed',
    'attestation-signature-wrong',
    ({ truth }) => {
      const attest = truth.keys[0]!.attest.slice()
      attest[attest.length - 1]! ^= 1
      return changed(truth, { attest })
    },
  ],
  [
    'what no TPM generated',
    'attestation-not-from-tpm',
    ({ device, key, begun, truth }) =>
      changed(
        truth,
        forgeCertify(device.tpm.attestation, key.public, begun.nonce, (attest) => ({
          ...attest,
          magic: 0x7f544347,
        })),
      ),
  ],
  [
    'a quote in the place of a certification',
    'attestation-wrong-type',
    ({ device, begun, truth }) =>
      changed(
        truth,
        forgeAttest(device.tpm.attestation, {
          ...frame(device.tpm.attestation, begun.nonce),
          attested: {
            kind: 'quote',
            selections: [{ bank: 'sha256', registers: [0], mapOctets: 3 }],
            digest: new Uint8Array(32),
          },
        }),
      ),
  ],
  [
    'bytes that are no attestation',
    'attestation-malformed',
    ({ truth }) => changed(truth, { attest: truth.keys[0]!.attest.subarray(0, 20) }),
  ],
  [
    'bytes that are no public area',
    'attestation-malformed',
    ({ truth }) => changed(truth, { public: truth.keys[0]!.public.subarray(0, 20) }),
  ],
  [
    'one key twice',
    'attestation-malformed',
    ({ truth }) => ({ ...truth, keys: [truth.keys[0]!, truth.keys[0]!] }),
  ],
  ...(
    [
      ['that came from elsewhere', ['fixedParent', 'sensitiveDataOrigin', 'userWithAuth', 'sign']],
      ['that was not made in the chip', ['fixedTPM', 'fixedParent', 'userWithAuth', 'sign']],
      [
        'that is restricted',
        ['fixedTPM', 'fixedParent', 'sensitiveDataOrigin', 'userWithAuth', 'sign', 'restricted'],
      ],
    ] as const
  ).map(
    ([what, attributes]) =>
      [
        `a key ${what}`,
        'attested-key-unfit',
        ({ device, begun, truth }) => {
          const key = forgeDeviceKey(attributes)
          const attested = forgeCertify(device.tpm.attestation, key.public, begun.nonce)
          return changed(truth, { public: encodeSizedPublic(key.public), ...attested })
        },
      ] as const satisfies readonly [string, string, Lie],
  ),
  [
    'a secret that was guessed',
    'attestation-secret-wrong',
    ({ truth }) => ({ ...truth, secret: new Uint8Array(32) }),
  ],
  [
    'the secret of an earlier exchange',
    'attestation-secret-wrong',
    async ({ device, key, begun }) => {
      const secret = device.activate(begun)
      return { ...device.answerTo(await device.begin(), key), secret }
    },
  ],
  [
    'a session that never was',
    'attestation-session-unknown',
    ({ truth }) => ({ ...truth, session: 'x'.repeat(43) }),
  ],
  [
    'a session that a newer one replaced',
    'attestation-session-unknown',
    async ({ device, truth }) => {
      await device.begin()
      return truth
    },
  ],
]

for (const [what, reason, lie] of lies)
  test(`${what}: ${reason}, with an event, and nothing is booked`, () =>
    scene(async (scene) => {
      const { device } = scene
      const key = forgeDeviceKey()
      const begun = await device.begin()
      const truth = device.answerTo(begun, key)
      const certified = await device.certify(await lie({ device, key, begun, truth }))
      assert.equal(reasonOf(certified), reason)
      assert.equal(lastRefusal(scene), reason)
      assert.equal(await newest(scene), undefined)
    }))

test('a session is good once, whatever came of it', () =>
  scene(async ({ device }) => {
    const begun = await device.begin()
    const request = device.answerTo(begun, forgeDeviceKey())
    const wrong = { ...request, secret: new Uint8Array(32) }
    assert.equal(reasonOf(await device.certify(wrong)), 'attestation-secret-wrong')
    assert.equal(reasonOf(await device.certify(request)), 'attestation-session-unknown')
    const good = device.answerTo(await device.begin(), forgeDeviceKey())
    assert.equal(reasonOf(await device.certify(good)), 'certified')
    assert.equal(reasonOf(await device.certify(good)), 'attestation-session-unknown')
  }))

test('of two answers at the same moment one is taken', () =>
  scene(async ({ device }) => {
    const request = device.answerTo(await device.begin(), forgeDeviceKey())
    const both = await Promise.all([device.certify(request), device.certify(request)])
    assert.deepEqual(both.map(reasonOf).sort(), ['attestation-session-unknown', 'certified'])
  }))

test('a session ends by itself, and what was kept of its secret goes', () =>
  scene(async ({ core, device, record }) => {
    const request = device.answerTo(await device.begin(), forgeDeviceKey())
    core.clock.pass(sessionSpan)
    assert.equal(reasonOf(await device.certify(request)), 'attestation-session-unknown')
    const find = () => core.ledger.find('attestationSession', 'device', [record.id, 'new'])
    assert.equal((await find())?.secretSha256.length, 32)
    assert.equal(await expireSessions(core), 1)
    assert.equal((await find())?.secretSha256.length, 0)
    assert.equal(await expireSessions(core), 0)
  }))

test('an attestation key that is not restricted is refused at once', () =>
  scene(async (scene) => {
    const open = forgeAttestationKey(['fixedTPM', 'fixedParent', 'sensitiveDataOrigin', 'sign'])
    const akPublic = encodeSizedPublic(open.public)
    assert.equal(reasonOf(await scene.device.ask({ akPublic })), 'attestation-key-unfit')
    assert.equal(lastRefusal(scene), 'attestation-key-unfit')
  }))

test('an endorsement key that any program could use is refused', () =>
  scene(async ({ core, device, record }) => {
    const { endorsement } = device.tpm
    const attributes = endorsement.public.attributes.filter((one) => one !== 'restricted')
    const ekPublic = encodeSizedPublic({ ...endorsement.public, attributes })
    assert.equal(reasonOf(await device.ask({ ekPublic })), 'endorsement-key-unfit')
    assert.equal(
      reasonOf(await device.ask({ ekPublic: Uint8Array.of(1) })),
      'attestation-malformed',
    )
    void [core, record]
  }))

test('keys with a Name by SHA-1 are refused, whichever of the three', () =>
  scene(async ({ device }) => {
    const { endorsement, attestation } = device.tpm
    const weakly = ({ public: area }: ForgedKey) => ({ ...area, nameAlgorithm: 'sha1' }) as const
    const ekPublic = encodeSizedPublic({ ...weakly(endorsement), authPolicy: new Uint8Array() })
    assert.equal(reasonOf(await device.ask({ ekPublic })), 'endorsement-key-unfit')
    const akPublic = encodeSizedPublic(weakly(attestation))
    assert.equal(reasonOf(await device.ask({ akPublic })), 'attestation-key-unfit')
    const key = forgeDeviceKey()
    const request = device.answerTo(await device.begin(), { ...key, public: weakly(key) })
    assert.equal(reasonOf(await device.certify(request)), 'attested-key-unfit')
  }))

test('another genuine TPM that says this serial is not expected, and raises an alarm', () =>
  scene(async (scene) => {
    const { core, record } = scene
    const vendor = await makeVendor()
    await believe(core, vendor)
    const stranger = new ForgedDevice(core, 'PUMP-1')
    stranger.certificates = [await certifyTpm(vendor, stranger.tpm)]
    stranger.code = await codeFor(core, record)
    assert.equal(reasonOf(await stranger.ask()), 'tpm-unexpected')
    assert.equal(lastRefusal(scene), 'tpm-unexpected')
    const alarm = core.events.findLast(({ type }) => type === 'tpm-conflict')
    assert.equal(alarm?.subjects[0], record.id)
  }))

test('the TPM of another device is refused for ever, and raises an alarm', () =>
  scene(async ({ core, device, record }) => {
    const words = { hardwareRevision: null, lot: null, udiDi: null }
    const product = await core.ledger.read('product', record.product)
    const other = await addDevice({ serial: 'PUMP-2', ...words }, product!, operator, core)
    assert.ok(other.kind === 'added')
    const thief = new ForgedDevice(core, 'PUMP-2', device.tpm)
    assert.equal(reasonOf(await thief.ask()), 'tpm-of-another-device')
    const alarm = core.events.findLast(({ type }) => type === 'tpm-conflict')
    assert.deepEqual([alarm?.subjects[0], alarm?.subjects[2]], [other.device.id, record.id])
    const named = namedBy(device)
    const registered = await registerTpm(other.device, named, 'a swap', operator, core)
    assert.equal(reasonOf(registered), 'tpm-of-another-device')
  }))

test('an unknown serial is told like a TPM that is not expected', () =>
  scene(async ({ core }) => {
    const stranger = await new ForgedDevice(core, 'NOBODY').ask()
    const known = await new ForgedDevice(core, 'PUMP-1').ask()
    assert.deepEqual(stranger, known)
  }))

test('a device that is out of service proves nothing', () =>
  scene(async ({ core, device, record }) => {
    const request = device.answerTo(await device.begin(), forgeDeviceKey())
    const now = await core.ledger.read('device', record.id)
    await retire(now!, 'scrapped', operator, core)
    assert.equal(reasonOf(await device.certify(request)), 'device-retired')
    assert.equal(reasonOf(await device.ask()), 'tpm-unexpected')
  }))

test('a first contact needs a code and a believed maker, and binds the TPM', () =>
  scene(
    async (scene) => {
      const { core, device, record } = scene
      assert.equal(reasonOf(await device.ask()), 'tpm-unexpected')
      device.code = 'WRONG'
      assert.equal(reasonOf(await device.ask()), 'code-wrong')
      device.code = await codeFor(core, record)
      assert.equal(reasonOf(await device.ask()), 'endorsement-missing')
      const vendor = await makeVendor()
      device.certificates = [await certifyTpm(vendor, device.tpm)]
      assert.equal(reasonOf(await device.ask()), 'endorsement-not-trusted')
      assert.equal(lastRefusal(scene), 'endorsement-not-trusted')
      await believe(core, vendor)
      await device.attest()
      const [bound] = (await core.ledger.list('endorsement', { limit: 10 })).items
      assert.deepEqual(
        [bound?.device, bound?.source, bound?.state],
        [record.id, 'first-contact', 'expected'],
      )
      assert.equal(core.events.filter(({ type }) => type === 'tpm-bound').length, 1)
      assert.match((await newest(scene))?.module ?? '', /^EXMP:[0-9a-f]{40}:[0-9a-f]+$/)
      // The code is spent, and from now on the TPM alone will do.
      const [code] = (
        await core.ledger.list('code', { by: 'device', equal: [record.id], limit: 1 })
      ).items
      assert.notEqual(code?.usedAt, null)
      device.code = undefined
      device.certificates = []
      await device.attest()
    },
    { known: false },
  ))

test('a code that came with a request which waits binds nothing', () =>
  scene(
    async ({ core, device, record }) => {
      const vendor = await makeVendor()
      await believe(core, vendor)
      device.certificates = [await certifyTpm(vendor, device.tpm)]
      device.code = await codeFor(core, record)
      const begun = await device.begin()
      const [code] = (
        await core.ledger.list('code', { by: 'device', equal: [record.id], limit: 1 })
      ).items
      const held = { ...code!, version: code!.version + 1, heldFor: newId('request', core) }
      await core.ledger.commit({ puts: [{ kind: 'code', record: held }], events: [] })
      assert.equal(
        reasonOf(await device.certify(device.answerTo(begun, forgeDeviceKey()))),
        'code-used',
      )
      assert.equal(reasonOf(await device.ask()), 'code-held')
    },
    { known: false },
  ))

test('a used code, and a ticket, bind nothing', () =>
  scene(
    async ({ core, device, record }) => {
      const vendor = await makeVendor()
      await believe(core, vendor)
      device.certificates = [await certifyTpm(vendor, device.tpm)]
      device.code = await codeFor(core, record)
      const answer = await device.attest()
      const other = new ForgedDevice(core, 'PUMP-1')
      other.certificates = [await certifyTpm(vendor, other.tpm)]
      const now = (await core.ledger.read('device', record.id))!
      await rebind(now, 'a new board', operator, core)
      other.code = device.code
      assert.equal(reasonOf(await other.ask()), 'code-used')
      other.code = answer.results[0]!.ticket
      assert.equal(reasonOf(await other.ask()), 'code-expired')
    },
    { known: false },
  ))

test('of two chips that make a first contact at once one is bound', () =>
  scene(
    async ({ core, device, record }) => {
      const vendor = await makeVendor()
      await believe(core, vendor)
      const code = await codeFor(core, record)
      const other = new ForgedDevice(core, 'PUMP-1')
      for (const one of [device, other]) {
        one.code = code
        one.certificates = [await certifyTpm(vendor, one.tpm)]
      }
      const first = device.answerTo(await device.begin(), forgeDeviceKey())
      const second = other.answerTo(await other.begin(), forgeDeviceKey())
      // The newest exchange of a device is the only one.
      assert.equal(reasonOf(await device.certify(first)), 'attestation-session-unknown')
      assert.equal(reasonOf(await other.certify(second)), 'certified')
      assert.equal(reasonOf(await device.ask()), 'tpm-unexpected')
    },
    { known: false },
  ))

function namedBy({ tpm }: ForgedDevice) {
  const { fingerprint, spki } = publicKeyOf(tpm.endorsement)
  return { fingerprint, spkiSha256: sha256(spki), certificateSha256: null, announcedSha256: null }
}

test('an operator replaces a TPM for a reason, and the old one is never accepted again', () =>
  scene(async ({ core, device, record }) => {
    await device.attest()
    const next = new ForgedDevice(core, 'PUMP-1')
    const now = async () => (await core.ledger.read('device', record.id))!
    const without = await registerTpm(await now(), namedBy(next), undefined, operator, core)
    assert.equal(reasonOf(without), 'exists-already')
    const replaced = await registerTpm(await now(), namedBy(next), 'board', operator, core)
    assert.equal(replaced.kind, 'registered')
    assert.equal(reasonOf(await device.ask()), 'tpm-unexpected')
    await next.attest()
    const types = core.events.map(({ type }) => type)
    assert.ok(types.includes('tpm-replaced') && types.includes('tpm-conflict'))
    // To register it once more changes nothing.
    const before = core.events.length
    const again = await registerTpm(await now(), namedBy(next), undefined, operator, core)
    assert.deepEqual([again.kind, core.events.length], ['registered', before])
  }))

test('what a replaced TPM vouched for counts no more, by a ticket or at a renewal', () =>
  scene(async ({ core, device, record }) => {
    const proofs = { proofs: ['tpm'], because } as const
    const plain = { ...readyProfiles.ldevid, name: 'pump-plain', admission: proofs }
    assert.equal((await applyProfile(plain, operator, core)).kind, 'applied')
    await entranceWithout(core, record, 'pump-plain')
    const [key, later] = [forgeDeviceKey(), forgeDeviceKey()]
    const first = (await device.attest(key)).results[0]!
    const enrolled = issuedOf(
      await ask(core, { kind: 'code', user: 'PUMP-1', code: first.ticket }, pairOf(key)),
    )
    const { ticket } = (await device.attest(later)).results[0]!
    const now = async () => (await core.ledger.read('device', record.id))!
    const next = new ForgedDevice(core, 'PUMP-1')
    await registerTpm(await now(), namedBy(next), 'board', operator, core)
    const late = { kind: 'code', user: 'PUMP-1', code: ticket } as const
    for (const label of ['pump', 'pump-plain'])
      assert.equal(
        reasonOf(await ask(core, late, pairOf(later), { label })),
        'attestation-missing',
        label,
      )
    const shown = { kind: 'certificate', chain: [enrolled.certificate] } as const
    const renewal = await renewalBy(pairOf(key), enrolled.certificate)
    const renew = async () => reasonOf(await ask(core, shown, renewal, { operation: 'reenrol' }))
    assert.equal(await renew(), 'attestation-missing')
    await registerTpm(await now(), namedBy(device), 'it was the right one', operator, core)
    assert.equal(await renew(), 'issued')
  }))

test('a TPM that was replaced by mistake is taken back by its own device', () =>
  scene(async ({ core, device, record }) => {
    await device.attest()
    const now = async () => (await core.ledger.read('device', record.id))!
    const next = new ForgedDevice(core, 'PUMP-1')
    await registerTpm(await now(), namedBy(next), 'board', operator, core)
    await registerTpm(await now(), namedBy(device), 'it was the right one', operator, core)
    await device.attest()
    assert.equal(reasonOf(await next.ask()), 'tpm-unexpected')
    const told = core.events.filter(({ type }) => /^tpm-(seen|taken-back)$/.test(type))
    assert.deepEqual(
      told.map(({ type }) => type),
      ['tpm-seen', 'tpm-taken-back'],
    )
  }))

test('a new board takes the TPM of the old one with it', () =>
  scene(async ({ core, device, record }) => {
    const request = device.answerTo(await device.begin(), forgeDeviceKey())
    await rebind((await core.ledger.read('device', record.id))!, 'a new board', operator, core)
    assert.equal(reasonOf(await device.certify(request)), 'tpm-unexpected')
    assert.equal(reasonOf(await device.ask()), 'tpm-unexpected')
  }))

test('a key that another device has is not vouched for', () =>
  scene(async ({ core, device, record }) => {
    const key = forgeDeviceKey()
    const product = await core.ledger.read('product', record.product)
    const words = { hardwareRevision: null, lot: null, udiDi: null }
    const tpm = makeForgedTpm()
    const ekSha256 = sha256(publicKeyOf(tpm.endorsement).spki)
    await addDevice({ serial: 'PUMP-2', ...words, ekSha256 }, product!, operator, core)
    const other = new ForgedDevice(core, 'PUMP-2', tpm)
    const { results } = await other.attest(key)
    const ticket = { kind: 'code', user: 'PUMP-2', code: results[0]!.ticket } as const
    issuedOf(await ask(core, ticket, pairOf(key)))
    const answer = device.answerTo(await device.begin(), key)
    assert.equal(reasonOf(await device.certify(answer)), 'key-has-another-owner')
    // No maker vouches for this TPM, which may certify whatever key it likes: nothing happens to the holder.
    const conflicts = () => core.events.filter(({ type }) => type === 'key-conflict')
    assert.deepEqual(
      conflicts().map(({ facts }) => facts.live),
      [null],
    )
    // Nor does the attestation key of one serve another.
    const borrowed = new ForgedDevice(core, 'PUMP-1', {
      endorsement: device.tpm.endorsement,
      attestation: tpm.attestation,
    })
    const claim = borrowed.answerTo(await borrowed.begin(), forgeDeviceKey())
    assert.equal(reasonOf(await borrowed.certify(claim)), 'key-has-another-owner')
    // It signed our nonce, whoever made the TPM.
    const [, conflict] = conflicts()
    assert.equal(conflict?.facts.live, 'challenge')
    const alarm = await openAlarm('key-held-twice', conflict?.subjects[0] ?? '', core.ledger)
    assert.match(alarm?.text ?? '', /^device PUMP-2 and device PUMP-1 hold/)
  }))

test('a ticket is good once, for minutes, for its key', () =>
  scene(async ({ core, device }) => {
    const key = forgeDeviceKey()
    const shown = async () => {
      const { results } = await device.attest(key)
      return { kind: 'code', user: 'PUMP-1', code: results[0]!.ticket } as const
    }
    const other = pairOf(forgeDeviceKey())
    const ticket = await shown()
    assert.equal(reasonOf(await ask(core, ticket, other)), 'ticket-for-another-key')
    const late = await shown()
    core.clock.pass(ticketSpan)
    assert.equal(reasonOf(await ask(core, late, pairOf(key))), 'code-expired')
    const good = await shown()
    issuedOf(await ask(core, good, pairOf(key)))
    assert.equal(reasonOf(await ask(core, good, pairOf(key))), 'code-used')
  }))

test('who knows a serial and an endorsement key disturbs no device that proved an attestation key', () =>
  scene(async ({ device }) => {
    await device.attest()
    const open = device.answerTo(await device.begin(), forgeDeviceKey())
    const akPublic = encodeSizedPublic(forgeAttestationKey().public)
    for (let count = 0; count < 11; count++) await device.begin({ akPublic })
    assert.equal(reasonOf(await device.ask({ akPublic })), 'rate-limited')
    assert.equal(reasonOf(await device.certify(open)), 'certified')
    await device.attest()
  }))

test('a TPM that is registered while another makes a first contact is the only one', () =>
  scene(
    async ({ core, device, record }) => {
      const vendor = await makeVendor()
      await believe(core, vendor)
      device.certificates = [await certifyTpm(vendor, device.tpm)]
      device.code = await codeFor(core, record)
      const open = device.answerTo(await device.begin(), forgeDeviceKey())
      const now = (await core.ledger.read('device', record.id))!
      const registered = new ForgedDevice(core, 'PUMP-1')
      await registerTpm(now, namedBy(registered), undefined, operator, core)
      assert.equal(reasonOf(await device.certify(open)), 'tpm-unexpected')
      await registered.attest()
    },
    { known: false },
  ))

test('a device begins at most a dozen exchanges a minute', () =>
  scene(async ({ device }) => {
    for (let times = 0; times < 12; times++) await device.begin()
    assert.equal(reasonOf(await device.ask()), 'rate-limited')
  }))

const registers = [0, 7] as const
const good = { 0: 'aa'.repeat(32), 7: 'bb'.repeat(32) }
const quotedBy = (device: ForgedDevice, nonce: Uint8Array, values: Record<number, string>) => {
  const bytes = registers.map((register) => Uint8Array.fromHex(values[register]!))
  const digest = sha256(Uint8Array.from(bytes.flatMap((one) => [...one])))
  const { attestation } = device.tpm
  const selections = [{ bank: 'sha256', registers, mapOctets: 3 }] as const
  const attested = { kind: 'quote', selections, digest } as const
  return {
    ...forgeAttest(attestation, { ...frame(attestation, nonce), attested }),
    values: registers.map((register, index) => ({ register, value: bytes[index]! })),
  }
}

async function reference({ core, record }: Scene, values: Record<number, string> = good) {
  const product = (await core.ledger.read('product', record.product))!
  const said = { hardwareRevision: 'B', firmwareVersion: '1.4', bank: 'sha256', values } as const
  const added = await addReference(product, said, operator, core)
  return added.kind === 'changed' ? added.reference : assert.fail(added.detail)
}

async function quoting(scene: Scene, values: Record<number, string> | undefined) {
  const { device } = scene
  const begun = await device.begin()
  const quote = values && quotedBy(device, begun.nonce, values)
  const answer = device.answerTo(begun, forgeDeviceKey(), { ...(quote && { quote }) })
  return { asked: begun.quote, outcome: await device.certify(answer) }
}

test('a platform is held against the reference values of its product', () =>
  scene(
    async (scene) => {
      const { core, record } = scene
      assert.deepEqual((await quoting(scene, undefined)).asked?.registers, [0, 1, 2, 3, 4, 5, 6, 7])
      await reference(scene)
      const met = await quoting(scene, good)
      assert.deepEqual(met.asked, { bank: 'sha256', registers: [...registers] })
      assert.equal(met.outcome.kind === 'certified' && met.outcome.answer.quote, 'matched')
      assert.equal((await newest(scene))?.facts.firmware, '1.4')
      const bad = await quoting(scene, { ...good, 7: 'cc'.repeat(32) })
      assert.equal(bad.outcome.kind === 'certified' && bad.outcome.answer.quote, 'differs')
      assert.match(String((await newest(scene))?.facts.differs), /sha256:7/)
      const alarm = async (state: string) =>
        core.ledger.count('alarm', {
          where: { kind: 'platform-differs', subject: record.id, state: state as 'open' },
        })
      assert.equal(await alarm('open'), 1)
      await quoting(scene, good)
      assert.equal(await alarm('open'), 0)
    },
    { quote: 'recorded' },
  ))

test('where the profile requires a good platform, no other has its keys attested', () =>
  scene(
    async (scene) => {
      const { core } = scene
      assert.equal(reasonOf((await quoting(scene, undefined)).outcome), 'quote-missing')
      const added = await reference(scene)
      const bad = { ...good, 0: 'cc'.repeat(32) }
      assert.equal(reasonOf((await quoting(scene, bad)).outcome), 'quote-differs')
      assert.equal(reasonOf((await quoting(scene, good)).outcome), 'certified')
      await withdrawReference(added, 'a hole in it', operator, core)
      const begun = await scene.device.begin()
      assert.equal(begun.quote?.registers.length, 8)
    },
    { quote: 'required' },
  ))

test('a quote of an earlier exchange, or whose values are others, is not believed', () =>
  scene(
    async (scene) => {
      const { device } = scene
      await reference(scene)
      const begun = await device.begin()
      const old = quotedBy(device, new Uint8Array(32), good)
      const stale = await device.certify(device.answerTo(begun, forgeDeviceKey(), { quote: old }))
      assert.equal(reasonOf(stale), 'attestation-stale')
      const again = await device.begin()
      const quote = quotedBy(device, again.nonce, good)
      const values = quote.values.map(({ register }) => ({ register, value: new Uint8Array(32) }))
      const lied = { quote: { ...quote, values } }
      const outcome = await device.certify(device.answerTo(again, forgeDeviceKey(), lied))
      assert.equal(reasonOf(outcome), 'quote-differs')
    },
    { quote: 'recorded' },
  ))

test('a crash after the TPM was bound costs an exchange, and neither the code nor the binding', () =>
  scene(
    async ({ core, device, record }) => {
      const vendor = await makeVendor()
      await believe(core, vendor)
      device.certificates = [await certifyTpm(vendor, device.tpm)]
      device.code = await codeFor(core, record)
      const request = device.answerTo(await device.begin(), forgeDeviceKey())
      const keys: typeof core.keys = Object.create(core.keys, {
        sign: { value: () => Promise.reject(new Error('cut off')) },
      })
      const asked = { sourceAddress: '192.0.2.7', requestId: undefined }
      await assert.rejects(certifyKeys(request, asked, { ...device.ports, keys }), /did not sign/)
      device.code = undefined
      await device.attest()
      assert.equal(core.events.filter(({ type }) => type === 'tpm-bound').length, 1)
    },
    { known: false },
  ))

test('a serial that several products have needs the entrance, and one of them is found by it', () =>
  scene(async ({ core, device }) => {
    const words = { name: 'other', exposure: 'none', maker: 'Acme', profile: 'pump-tpm' } as const
    const added = await addProduct(words, operator, core)
    assert.ok(added.kind === 'added')
    const particulars = { hardwareRevision: null, lot: null, udiDi: null }
    await addDevice({ serial: 'PUMP-1', ...particulars }, added.product, operator, core)
    assert.equal(reasonOf(await device.ask()), 'tpm-unexpected')
    assert.equal(reasonOf(await device.ask({ label: 'other' })), 'tpm-of-another-device')
    assert.equal(reasonOf(await device.ask({ label: 'pump' })), 'begun')
    assert.equal(reasonOf(await device.ask({ label: 'nothing' })), 'tpm-unexpected')
  }))

test('a flood of addresses holds up nobody else', () => {
  const pace = new AttestationPace()
  const now = Temporal.Instant.from('2026-05-01T12:00:00Z')
  for (let count = 0; count < 20_001; count++)
    assert.equal(pace.takeAddress(`2001:db8::${count}`, now), undefined)
  assert.equal(pace.takeAddress('192.0.2.1', now), undefined)
  for (let count = 1; count < 600; count++) pace.takeAddress('192.0.2.1', now)
  assert.equal(pace.takeAddress('192.0.2.1', now)?.reason, 'rate-limited')
  assert.equal(pace.takeAddress('192.0.2.1', now.add({ minutes: 1 })), undefined)
})
