// SPDX-License-Identifier: Apache-2.0
/** What a device says of how it made a key, from its first request into the ledger. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeDer } from '#format/der/writer.ts'
import { encodeKeyMaking, type KeyMaking, keyMakingAttribute } from '#format/est/key-making.ts'
import { attributes, attributeTypes, keyPurposes, registrationTypes } from '#format/oids.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { ownIssuer } from '#house/core.ts'
import { generateKey } from '#trust/private-key.ts'
import { certify, makeEntity } from '../../../test/made-certificates.ts'
import {
  addPump,
  ask,
  certificateOf,
  enrolDevice,
  expectDevice,
  force,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy, requestBy } from '../../../test/support/house.ts'
import { changeProfile } from '../../../test/support/profiles.ts'
import { addApplication } from '../applications/add.ts'
import { readyProfiles } from '../policy/ready/ready-profiles.ts'
import { applicationLabel, enrolApplication } from './applications/enrol-application.ts'
import { addRegistrar } from './speakers/register.ts'

const said: KeyMaking = {
  source: '/dev/hwrng',
  client: 'vitalsign-device 0.1.0',
  tests: {
    ...{ samples: 1_024, symbolBits: 8, claimedMillibits: 1_000, alphaExponent: 30 },
    ...{ window: 512, failuresBefore: 3 },
  },
  kernelReady: true,
  firmware: 'pump-os 4.2.1',
}

const stating = (making: KeyMaking) => ({ attributes: [keyMakingAttribute(making)] })

async function makingOf(core: TestCore, certificate: string) {
  const { key } = await certificateOf(core, certificate)
  return core.ledger.find('keyMaking', 'key', [key])
}

test('what the first request says stands in the ledger beside the key, as it was signed', () =>
  withCore(async (core) => {
    const { device, credential } = await expectDevice(core, await addPump(core), 'PUMP-1')
    const request = await requestBy(await generateKey('p-256'), stating(said))
    const { id } = issuedOf(await ask(core, credential, request))
    const found = await makingOf(core, id)
    assert.deepEqual(
      { ...found, id: undefined, at: undefined },
      {
        ...{ id: undefined, at: undefined, version: 1 },
        ...{ key: (await certificateOf(core, id)).key, owner: device.id },
        ...{ source: '/dev/hwrng', mode: 'raw', result: 'passed', kernelReady: true },
        ...{ firmware: 'pump-os 4.2.1', client: 'vitalsign-device 0.1.0' },
        statement: encodeKeyMaking(said),
      },
    )
  }))

test('a conditioned source is not called tested', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'PUMP-1')
    const making = { ...said, source: 'getrandom', tests: undefined, firmware: undefined }
    const request = await requestBy(
      await generateKey('p-256'),
      stating({ ...making, kernelReady: undefined }),
    )
    const found = await makingOf(core, issuedOf(await ask(core, credential, request)).id)
    assert.deepEqual(
      [found?.mode, found?.result, found?.kernelReady, found?.firmware],
      ['conditioned', 'not-testable', null, null],
    )
  }))

test('a request that says nothing is answered as ever, and nothing is booked of it', () =>
  withCore(async (core) => {
    const { id } = await enrolDevice(core, await addPump(core), 'PUMP-1')
    assert.equal(await makingOf(core, id), undefined)
    assert.equal(await core.ledger.count('keyMaking', {}), 0)
  }))

test('a renewal with a new key says how that was made, and with the old one changes nothing', () =>
  withCore(async (core) => {
    const { device, credential } = await expectDevice(core, await addPump(core), 'PUMP-1')
    const key = await generateKey('p-256')
    const first = issuedOf(await ask(core, credential, await requestBy(key, stating(said))))
    const shown = { kind: 'certificate', chain: [first.certificate] } as const
    const renew = async (request: Uint8Array) => {
      const enrolled = await core.ledger.read('device', device.id)
      await force(core, enrolled ?? assert.fail(), { state: 'active' })
      return issuedOf(await ask(core, shown, request, { operation: 'reenrol' }))
    }
    const other = { ...said, firmware: 'pump-os 5' }
    const same = await renew(await renewalBy(key, first.certificate, stating(other)))
    assert.equal((await makingOf(core, same.id))?.firmware, 'pump-os 4.2.1')
    const fresh = await renewalBy(await generateKey('p-256'), first.certificate, stating(other))
    assert.equal((await makingOf(core, (await renew(fresh)).id))?.firmware, 'pump-os 5')
  }))

test('a statement that was bent on its way breaks the signature of the request', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'PUMP-1')
    const request = await requestBy(await generateKey('p-256'), stating(said))
    const at = Buffer.from(request).indexOf('/dev/hwrng')
    const bent = request.with(at + 5, 'x'.charCodeAt(0))
    const outcome = await ask(core, credential, bent)
    assert.equal(reasonOf(outcome), 'possession-not-proved')
    assert.equal(await core.ledger.count('keyMaking', {}), 0)
  }))

test('a statement that does not read refuses the request by name, and makes no key known', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const type = attributes.registrationInfo
    const { values } = keyMakingAttribute(said)
    const other = keyMakingAttribute({ ...said, tests: undefined })
    const wrong: readonly RequestAttribute[] = [
      { type, values: [unreadable] },
      { type, values: [...values, ...other.values].sort(byBytes) },
    ]
    for (const [index, one] of wrong.entries()) {
      const { credential } = await expectDevice(core, pump, `PUMP-${index}`)
      const request = await requestBy(await generateKey('p-256'), { attributes: [one] })
      const outcome = await ask(core, credential, request)
      assert.equal(reasonOf(outcome), 'request-malformed')
      assert.match(outcome.kind === 'refused' ? outcome.detail : '', /how its key was made/)
    }
    assert.equal(await core.ledger.count('keyMaking', {}), 0)
  }))

test('what a device says reaches the ledger through a registrar, too', () =>
  withCore(async (core) => {
    await changeProfile(core, {
      admission: {
        proofs: [...readyProfiles.ldevid.admission.proofs, 'registrar'],
        because: 'RFC 7030 section 3.7',
      },
    })
    const pump = await addPump(core)
    const { device } = await expectDevice(core, pump, 'PUMP-1')
    const purposes = [keyPurposes.clientAuth, keyPurposes.cmcRA]
    const certificate = await certify(
      await makeEntity('CN=line 3'),
      await makeEntity('CN=Registrars CA'),
      {
        notBefore: core.clock.now().round('second').subtract({ hours: 1 }),
        notAfter: core.clock.now().round('second').add({ hours: 24 }),
        extensions: [encodeExtension('extKeyUsage', purposes)],
      },
    )
    const named = { name: 'line-3', certificate, products: [pump.id], expiresAt: undefined }
    assert.equal((await addRegistrar(named, operator, core)).kind, 'added')
    const subject = encodeName([[{ type: attributeTypes.serialNumber, value: 'PUMP-1' }]])
    const request = await requestBy(await generateKey('p-256'), { subject, ...stating(said) })
    const shown = { kind: 'certificate', chain: [certificate.der] } as const
    const found = await makingOf(core, issuedOf(await ask(core, shown, request)).id)
    assert.deepEqual([found?.owner, found?.source], [device.id, '/dev/hwrng'])
  }))

test('an application says how it made its key as a device does', () =>
  withCore(async (core) => {
    const wish = { name: 'reader', profile: 'client', names: [], products: [], codeHours: 24 }
    const added = await addApplication(wish, 'Acme', operator, core)
    if (added.kind !== 'added') assert.fail(added.detail)
    const enrolAs = async (attributes: readonly RequestAttribute[]) =>
      enrolApplication(
        {
          ...{ protocol: 'est', operation: 'enrol', label: applicationLabel },
          credential: { kind: 'code', user: 'reader', code: added.code },
          request: await requestBy(await generateKey('p-256'), { attributes }),
          sourceAddress: '192.0.2.7',
        },
        { maker: 'Acme', issuer: await ownIssuer(core) },
        core,
      )
    const wrong = { type: attributes.registrationInfo, values: [unreadable] }
    assert.equal(reasonOf(await enrolAs([wrong])), 'request-malformed')
    const { id } = issuedOf(await enrolAs([keyMakingAttribute(said)]))
    const found = await makingOf(core, id)
    assert.deepEqual([found?.owner, found?.firmware], [added.application.id, 'pump-os 4.2.1'])
  }))

/** Ours by its type, and nothing of the rest. */
const unreadable = encodeDer((writer) =>
  writer.wrapped(() => writer.sequence(() => writer.oid(registrationTypes.keyMaking))),
)

const byBytes = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b)
