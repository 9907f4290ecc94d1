// SPDX-License-Identifier: Apache-2.0
/** The watch on the nonces of signatures, from the request at the door to the act of revocation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addApplication } from '#core/applications/add.ts'
import {
  applicationLabel,
  enrolApplication,
} from '#core/enrolment/applications/enrol-application.ts'
import type { EnrolmentRequest } from '#core/enrolment/request.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Change, Committed, Put } from '#core/ledger/ledger.ts'
import type { Enrolment, Key, Kind } from '#core/ledger/tables.ts'
import { changeLimit } from '#core/revocation/acts/limit-change.ts'
import { acknowledge, openAlarm } from '#core/watch/alarm.ts'
import { allOf } from '#core/watch/pages.ts'
import { encodeObject } from '#format/attestation/members.ts'
import { encodeAttest } from '#format/tpm/structure/attest.ts'
import { encodePublic } from '#format/tpm/structure/public.ts'
import { encodeTpmSignature } from '#format/tpm/structure/signature.ts'
import { type Means, ownIssuer } from '#house/core.ts'
import { sha256 } from '#trust/digest.ts'
import type { CurveName } from '#trust/weak-keys/nonces/curve.ts'
import { again, another, enrolBad, keyOf } from '../../../../test/support/bad-signers.ts'
import {
  anyNumber,
  knownKey,
  multipleOf,
  requestWithNonce,
  signDigest,
} from '../../../../test/support/chosen-nonces.ts'
import {
  addPump,
  ask,
  certificateOf,
  codeFor,
  deviceOf,
  enrolDevice,
  expectDevice,
  force,
  Interrupted,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import { forgeAttestationKey, frame } from '../../../../test/support/forged-tpm.ts'
import { dismissFinding } from '../dismiss.ts'
import { readKeyPolicy, setKeyPolicy } from '../key-policy.ts'
import { bookRefused, mostRefused } from './book-signatures.ts'
import type { LookingPorts } from './look.ts'
import { SignatureWalk } from './walk-signatures.ts'

const never = new AbortController().signal

function walking(
  core: TestCore,
  nonceOf: LookingPorts['nonceOf'] = () => undefined,
  nonceTable = () => '',
) {
  return new SignatureWalk({ ...core, nonceOf, nonceTable, pause: async () => {} })
}

async function signaturesOf(core: TestCore) {
  return Array.fromAsync(allOf('signature', core.ledger))
}

async function findingsOf(core: TestCore): Promise<readonly string[]> {
  const all = await Array.fromAsync(allOf('keyFinding', core.ledger))
  return all.map(({ kind, state }) => `${kind} ${state}`).toSorted()
}

/** A ledger where somebody else is always first with records of one kind. */
class Busy {
  with: Kind | undefined

  readonly replace = ({ ledger }: Means) => ({
    ledger: {
      read: ledger.read.bind(ledger),
      find: ledger.find.bind(ledger),
      list: ledger.list.bind(ledger),
      count: ledger.count.bind(ledger),
      commit: async (change: Change): Promise<Committed> => {
        const put = change.puts.find(({ kind }) => kind === this.with)
        if (put === undefined) return ledger.commit(change)
        return { kind: 'conflict', record: put.kind, id: put.record.id, rule: 'version' }
      },
    },
  })
}

test('a device that signs two requests with one nonce has lost its key: it is revoked, and people hear of it', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const walk = walking(core)
    const nonce = anyNumber('p-256')
    const bad = await enrolBad(core, pump, 'PUMP-1', nonce)
    const sound = await enrolDevice(core, pump, 'PUMP-2')
    assert.equal(await walk.run(never), 2)
    assert.deepEqual(await findingsOf(core), [])
    const second = await again(core, bad, nonce)
    assert.equal(await walk.run(never), 1)

    assert.deepEqual(await findingsOf(core), ['nonce-repeated proposed'])
    const key = await keyOf(core, bad)
    assert.equal(key.state, 'compromised')
    for (const id of [bad.certificate, second]) {
      const { state, revocationReason } = await certificateOf(core, id)
      assert.deepEqual([state, revocationReason], ['revoked', 1])
    }
    assert.equal((await certificateOf(core, sound.id)).state, 'issued')
    const alarm = (await openAlarm('key-recovered', key.id, core.ledger)) ?? assert.fail('no alarm')
    assert.equal(alarm.severity, 'critical')
    assert.match(alarm.text, /PUMP-1 .*revoked/)
    const [act] = await Array.fromAsync(allOf('revocation', core.ledger))
    assert.deepEqual(
      [act?.requestedBy, act?.reason, act?.state],
      ['keywatch', 'keyCompromise', 'effective'],
    )
    // Nothing is found or done a second time.
    assert.equal(await walking(core).run(never), 0)
    await acknowledge(alarm, operator, core)
    assert.equal(await walking(core).run(never), 0)
    assert.equal(await openAlarm('key-recovered', key.id, core.ledger), undefined)
    assert.equal((await Array.fromAsync(allOf('revocation', core.ledger))).length, 1)
  })
})

test('one signed request that is sent 1,000 times is one signature, and no finding', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const walk = walking(core)
    const expected = await expectDevice(core, pump, 'PUMP-1')
    const request = requestWithNonce(knownKey('p-256'), anyNumber('p-256'), another())
    let { credential } = expected
    for (let round = 0; round < 10; round++) {
      // The same answer for a quarter of an hour; then the same request with another code is another enrolment.
      for (let time = 0; time < 100; time++) issuedOf(await ask(core, credential, request))
      core.clock.pass({ minutes: 16 })
      await walk.run(never)
      await bookRefused(core.signatures, { ...core, nonceOf: () => undefined })
      const device = await force(core, await deviceOf(core, expected), { enrolmentsLeft: 1 })
      credential = { kind: 'code', user: device.serial, code: await codeFor(core, device) }
    }
    assert.ok((await Array.fromAsync(allOf('enrolment', core.ledger))).length >= 10)
    assert.equal((await signaturesOf(core)).length, 1)
    assert.deepEqual(await findingsOf(core), [])
  })
})

test('where the policy proposes, nothing is revoked, the key is barred, and the alarm says what to do', async () => {
  await withCore(async (core) => {
    const policy = await readKeyPolicy(core.ledger)
    assert.deepEqual(policy, { recovered: 'revoke', shared: 'alarm', sharedOf: {} })
    const said = { ...policy, recovered: 'propose' } as const
    assert.equal(await setKeyPolicy(said, 'a test', operator, core), undefined)
    assert.deepEqual(await readKeyPolicy(core.ledger), said)
    const told = core.events.find(({ type }) => type === 'key-policy-changed')
    assert.deepEqual([told?.facts.recovered, told?.facts.recoveredBefore], ['propose', 'revoke'])

    const nonce = anyNumber('p-256')
    const bad = await enrolBad(core, await addPump(core), 'PUMP-1', nonce)
    const second = await again(core, bad, nonce)
    await walking(core).run(never)
    const key = await keyOf(core, bad)
    assert.equal(key.state, 'weak')
    assert.equal((await certificateOf(core, second)).state, 'issued')
    const alarm = (await openAlarm('key-recovered', key.id, core.ledger)) ?? assert.fail('no alarm')
    assert.match(alarm.text, /revoke them/)
    assert.deepEqual(await findingsOf(core), ['nonce-repeated proposed'])

    // Whoever has seen it is not told of it again by each further request.
    await acknowledge(alarm, operator, core)
    const device = await force(core, await deviceOf(core, bad), { enrolmentsLeft: 1 })
    const code = await codeFor(core, device)
    const credential = { kind: 'code', user: device.serial, code } as const
    const request = requestWithNonce(bad.key, nonce, another())
    for (const fresh of [1, 0]) {
      assert.equal(reasonOf(await ask(core, credential, request)), 'key-known-weak')
      assert.equal(await bookRefused(core.signatures, { ...core, nonceOf: () => undefined }), fresh)
      assert.equal(await openAlarm('key-recovered', key.id, core.ledger), undefined)
    }
    await setKeyPolicy(policy, 'a test', operator, core)
    await ask(core, credential, request)
    await bookRefused(core.signatures, { ...core, nonceOf: () => undefined })
    assert.equal((await certificateOf(core, second)).state, 'revoked')
    const revoked = await openAlarm('key-recovered', key.id, core.ledger)
    assert.match(revoked?.text ?? '', /were revoked/)
  })
})

test('an application that is refused has signed all the same', async () => {
  await withCore(async (core) => {
    const wish = { name: 'reader', profile: 'client', names: [], products: [], codeHours: 24 }
    const added = await addApplication(wish, 'Acme', operator, core)
    if (added.kind !== 'added') assert.fail(added.detail)
    const means = { maker: 'Acme', issuer: await ownIssuer(core) }
    const asked = { protocol: 'est', operation: 'enrol', label: applicationLabel } as const
    const credential = { kind: 'code', user: 'reader', code: added.code } as const
    const [key, nonce] = [knownKey('p-256'), anyNumber('p-256')]
    const apply = (over: Partial<EnrolmentRequest>) =>
      enrolApplication(
        {
          ...{ ...asked, sourceAddress: '192.0.2.7', credential },
          ...{ request: requestWithNonce(key, nonce, another()), ...over },
        },
        means,
        core,
      )
    const { certificate } = issuedOf(await apply({}))
    const shown = { kind: 'certificate', chain: [certificate] } as const
    const again = await apply({ operation: 'reenrol', credential: shown })
    assert.equal(again.kind, 'refused')
    assert.equal(await bookRefused(core.signatures, { ...core, nonceOf: () => undefined }), 1)
    const [refused] = await signaturesOf(core)
    assert.equal(refused?.refusedOf, added.application.id)
    assert.equal(await walking(core).run(never), 1)
    const found = await core.ledger.find('key', 'fingerprint', [key.publicKey.fingerprint])
    assert.equal(found?.state, 'compromised')
  })
})

test('what could not be booked is looked at once more', async () => {
  const busy = new Busy()
  await withCore(async (core) => {
    const [nonce, ports] = [anyNumber('p-256'), { ...core, nonceOf: () => undefined }]
    const walk = walking(core)
    const bad = await enrolBad(core, await addPump(core), 'PUMP-1', nonce)
    const held = await force(core, await deviceOf(core, bad), { enrolmentsLeft: 1 })
    const credential = { kind: 'code', user: held.serial, code: await codeFor(core, held) } as const
    await force(core, held, { enrolmentsLeft: 0 })
    const request = requestWithNonce(bad.key, nonce, another())
    assert.equal(reasonOf(await ask(core, credential, request)), 'device-already-enrolled')
    busy.with = 'signature'
    assert.equal(await walk.run(never), 0)
    busy.with = undefined
    assert.equal(await walk.run(never), 1)
    busy.with = 'keyFinding'
    assert.equal(await bookRefused(core.signatures, ports), 0)
    assert.equal((await keyOf(core, bad)).state, 'active')
    busy.with = undefined
    assert.equal(await bookRefused(core.signatures, ports), 1)
    assert.equal((await keyOf(core, bad)).state, 'compromised')
  }, busy.replace)
})

test('a finding that somebody dismissed is not acted on, however often it is found', async () => {
  await withCore(async (core) => {
    await setKeyPolicy(
      { recovered: 'propose', shared: 'alarm', sharedOf: {} },
      'a test',
      operator,
      core,
    )
    const nonce = anyNumber('p-256')
    const bad = await enrolBad(core, await addPump(core), 'PUMP-1', nonce)
    await again(core, bad, nonce)
    await walking(core).run(never)
    const [finding] = await Array.fromAsync(allOf('keyFinding', core.ledger))
    assert.equal((await dismissFinding(finding!, 'a test bench', operator, core)).kind, 'dismissed')
    await setKeyPolicy(
      { recovered: 'revoke', shared: 'alarm', sharedOf: {} },
      'a test',
      operator,
      core,
    )
    const third = await again(core, bad, nonce)
    assert.equal(await walking(core).run(never), 1)
    assert.equal((await certificateOf(core, third)).state, 'issued')
  })
})

test('the watch ends no more keys in a day than one person may, and says that of the next', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const ports = { ...core, environment: 'production' } as const
    const walk = walking({ ...core, ...ports })
    await changeLimit(1, 'a test', operator, ports)
    const states: string[] = []
    for (const serial of ['PUMP-1', 'PUMP-2', 'PUMP-3']) {
      const nonce = anyNumber('p-256')
      const bad = await enrolBad(core, pump, serial, nonce)
      await again(core, bad, nonce)
      await walk.run(never)
      states.push((await keyOf(core, bad)).state)
      const alarm = await openAlarm('key-recovered', (await keyOf(core, bad)).id, core.ledger)
      if (serial === 'PUMP-2') {
        assert.match(alarm?.text ?? '', /as many keys in a day/)
        core.clock.pass({ hours: 25 })
      }
    }
    assert.deepEqual(states, ['compromised', 'weak', 'compromised'])
    await changeLimit(0, 'a test', operator, ports)
    core.clock.pass({ hours: 25 })
    const nonce = anyNumber('p-256')
    const bad = await enrolBad(core, pump, 'PUMP-4', nonce)
    await again(core, bad, nonce)
    await walk.run(never)
    const key = await keyOf(core, bad)
    assert.equal(key.state, 'weak', 'who may end nothing alone ends nothing')
  })
})

test('two keys with one nonce are found both, and fall when they share a second', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const walk = walking(core)
    const [nonce, next] = [anyNumber('p-256'), anyNumber('p-256')]
    const one = await enrolBad(core, pump, 'PUMP-1', nonce)
    await walk.run(never)
    const other = await enrolBad(core, pump, 'PUMP-2', nonce)
    await walk.run(never)
    assert.deepEqual(await findingsOf(core), ['nonce-shared proposed', 'nonce-shared proposed'])
    const [first, second] = [await keyOf(core, one), await keyOf(core, other)]
    assert.deepEqual([first.state, second.state], ['weak', 'weak'])
    assert.equal(await openAlarm('key-recovered', first.id, core.ledger), undefined)
    // Neither is certified any more, but who is refused has signed all the same.
    for (const bad of [one, other]) {
      const device = await force(core, await deviceOf(core, bad), { enrolmentsLeft: 1 })
      const credential = {
        kind: 'code',
        user: device.serial,
        code: await codeFor(core, device),
      } as const
      const request = requestWithNonce(bad.key, next, another())
      assert.equal(reasonOf(await ask(core, credential, request)), 'key-known-weak')
    }
    assert.equal(await bookRefused(core.signatures, { ...core, nonceOf: () => undefined }), 2)
    assert.deepEqual(
      [(await keyOf(core, one)).state, (await keyOf(core, other)).state],
      [...['compromised', 'compromised']],
    )
  })
})

test('a nonce that is found by trying costs the key at its first signature', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const nonce = 7n
    const octets = { 'p-256': 32, 'p-384': 48, 'p-521': 66 } as const
    const nonceOf = (curve: CurveName, of: Uint8Array) =>
      multipleOf(curve, nonce).subarray(0, octets[curve]).toHex() === of.toHex() ? nonce : undefined
    const walk = walking(core, nonceOf)
    for (const curve of ['p-256', 'p-384'] as const) {
      const bad = await enrolBad(core, pump, `PUMP-${curve}`, nonce, knownKey(curve))
      await walk.run(never)
      assert.equal((await keyOf(core, bad)).state, 'compromised', curve)
    }
    assert.deepEqual(await findingsOf(core), ['nonce-small proposed', 'nonce-small proposed'])
  })
})

test('who is admitted and refused again and again fills no table', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const expected = await expectDevice(core, pump, 'PUMP-1')
    await force(core, expected.device, { enrolmentsLeft: 0 })
    const ports = { ...core, nonceOf: () => undefined }
    const keys = Array.from({ length: 6 }, () => knownKey('p-256'))
    for (let round = 0; round < 24; round++) {
      for (let time = 0; time < 5; time++) {
        const key = keys[Math.floor(round / 4)] ?? assert.fail()
        const request = requestWithNonce(key, anyNumber('p-256'), another())
        assert.equal(
          reasonOf(await ask(core, expected.credential, request)),
          'device-already-enrolled',
        )
      }
      await bookRefused(core.signatures, ports)
    }
    const ofKeys = Map.groupBy(await signaturesOf(core), ({ keyFingerprint }) =>
      keyFingerprint.toHex(),
    )
    for (const all of ofKeys.values()) assert.ok(all.length <= mostRefused.ofKey)
    assert.equal((await signaturesOf(core)).length, mostRefused.ofOwner)
    assert.ok(core.signatures.passedOver() >= 24, 'a minute has room for a few of one device')
  })
})

test('two who book at the same moment do not pass each other by', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const pump = await addPump(core)
    const nonce = anyNumber('p-256')
    const bad = await enrolBad(core, pump, 'PUMP-1', nonce)
    const allowed = await force(core, await deviceOf(core, bad), { enrolmentsLeft: 1 })
    const code = await codeFor(core, allowed)
    await force(core, allowed, { enrolmentsLeft: 0 })
    const credential = { kind: 'code', user: 'PUMP-1', code } as const
    assert.equal(
      reasonOf(await ask(core, credential, requestWithNonce(bad.key, nonce, another()))),
      'device-already-enrolled',
    )
    const ports = { ...core, nonceOf: () => undefined }
    interrupted.beforeNext('signature', () => bookRefused(core.signatures, ports))
    assert.equal(await walking(core).run(never), 1)
    assert.equal((await keyOf(core, bad)).state, 'compromised')
    assert.equal((await signaturesOf(core)).length, 2)
  }, interrupted.replace)
})

test('what another node commits late is found, and what is settled is not walked again', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const nonce = anyNumber('p-256')
    const bad = await enrolBad(core, pump, 'PUMP-1', nonce)
    const [like] = await Array.fromAsync(
      allOf('enrolment', core.ledger, { where: { owner: bad.device.id } }),
    )
    const copy = async (from: number, count: number, request: () => Uint8Array) => {
      const puts = Array.from({ length: count }, (_, at): Put => {
        const milliseconds = core.clock.now().epochMilliseconds - from + at
        const id = `enr_${milliseconds.toString(16).padStart(12, '0')}${newId('enrolment', core).slice(16)}`
        const record: Enrolment = { ...like!, id, request: request() }
        return { kind: 'enrolment', record }
      })
      await core.means.ledger.commit({ puts, events: [] })
    }
    const key = knownKey('p-256')
    const sound = () => requestWithNonce(key, anyNumber('p-256'), another())
    core.clock.pass({ hours: 2 })
    await copy(3_600_000, 300, sound)
    const walk = walking(core)
    assert.equal(await walk.run(never), 301)
    const cursor = await core.ledger.find('setting', 'name', ['signature-watch'])
    assert.notDeepEqual(cursor?.value, {}, 'a whole page is settled')
    // Made ten minutes ago, and committed now.
    await copy(600_000, 1, () => requestWithNonce(bad.key, nonce, another()))
    assert.equal(await walk.run(never), 1)
    assert.equal((await keyOf(core, bad)).state, 'compromised')
    const stopped = new AbortController()
    stopped.abort()
    assert.equal(await walking(core).run(stopped.signal), 0)
    assert.equal(await walking(core).run(never), 0, 'another process begins at the cursor')
  })
})

test("a TPM's attestations are watched as well", async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const { device } = await enrolDevice(core, pump, 'PUMP-1')
    const [key, nonce] = [knownKey('p-256'), anyNumber('p-256')]
    const forged = forgeAttestationKey()
    const area = { ...forged.public, x: key.point.subarray(0, 32), y: key.point.subarray(32) }
    const attested = (about: string) => {
      const name = new TextEncoder().encode(about)
      const certify = { kind: 'certify', name, qualifiedName: name } as const
      const attest = encodeAttest({ ...frame(forged, new Uint8Array(32)), attested: certify })
      const { r, s } = signDigest(key, nonce, sha256(attest))
      return { attest, signature: encodeTpmSignature({ scheme: 'ecdsa', hash: 'sha256', r, s }) }
    }
    const evidence = encodeObject({
      ...{ format: 'vitalsign-tpm-evidence-1', nonce: new Uint8Array(32) },
      ...{ attestationKey: encodePublic(area), public: encodePublic(area), ...attested('a key') },
      quote: { ...attested('a quote'), values: [] },
    })
    const { fingerprint, algorithm, bits, spki } = key.publicKey
    const record: Key = {
      ...{ id: newId('key', core), version: 1, fingerprint, algorithm, bits, spki },
      ...{ origin: 'device', protection: 'tpm', attested: true, exportable: false },
      ...{ purpose: 'attestation', environment: 'trial', owner: device.id, state: 'active' },
      ...{
        moduleCertificate: null,
        custody: null,
        activatedAt: core.clock.now(),
        deactivateAt: null,
      },
    }
    const bytes = new TextEncoder().encode(evidence)
    const id = newId('attestation', core)
    const puts: Put[] = [
      { kind: 'key', record },
      { kind: 'evidence', record: { id, version: 1, bytes } },
      {
        kind: 'evidence',
        record: { id: newId('attestation', core), version: 1, bytes: bytes.slice(9) },
      },
    ]
    await core.means.ledger.commit({ puts, events: [] })
    // Of the device's own request, and two of its TPM.
    assert.equal(await walking(core).run(never), 3)
    assert.deepEqual(await findingsOf(core), ['nonce-repeated proposed'])
    assert.equal((await core.ledger.read('key', record.id))?.state, 'compromised')
    const [signature] = (await signaturesOf(core)).filter(({ attestation }) => attestation === id)
    assert.equal(signature?.enrolment, null)
  })
})

test('what came before the table of small nonces was there is held against it when it comes', async () => {
  await withCore(async (core) => {
    const nonce = 123_456n
    const bad = await enrolBad(core, await addPump(core), 'PUMP-1', nonce)
    const r = multipleOf('p-256', nonce).subarray(0, 32).toHex()
    let table = ''
    let asked = 0
    const nonceOf = (_: CurveName, of: Uint8Array) => {
      asked++
      return table === '' || of.toHex() !== r ? undefined : nonce
    }
    const walk = walking(core, nonceOf, () => table)
    await walk.run(never)
    assert.deepEqual(await findingsOf(core), [])
    table = 'one'
    const stopped = new AbortController()
    stopped.abort()
    await walk.run(stopped.signal)
    await walk.run(never)
    assert.deepEqual(await findingsOf(core), ['nonce-small proposed'])
    assert.equal((await keyOf(core, bad)).state, 'compromised')
    const before = asked
    await walk.run(never)
    assert.equal(asked, before, 'once for each table')
  })
})

test('a key that gave itself away before it was certified is found when it is', async () => {
  await withCore(async (core) => {
    const expected = await expectDevice(core, await addPump(core), 'PUMP-1')
    const held = await force(core, expected.device, { enrolmentsLeft: 0 })
    const [key, nonce] = [knownKey('p-256'), anyNumber('p-256')]
    const requests = [another(), another()].map((over) => requestWithNonce(key, nonce, over))
    for (const request of requests)
      assert.equal(
        reasonOf(await ask(core, expected.credential, request)),
        'device-already-enrolled',
      )
    assert.equal(await bookRefused(core.signatures, { ...core, nonceOf: () => undefined }), 2)
    // Nobody has the key yet, so there is nobody to tell of.
    assert.deepEqual(await findingsOf(core), [])
    await force(core, held, { enrolmentsLeft: 1 })
    issuedOf(await ask(core, expected.credential, requests[0] ?? assert.fail()))
    assert.equal(await walking(core).run(never), 0, 'its signature is known')
    assert.deepEqual(await findingsOf(core), ['nonce-repeated proposed'])
    const found = await core.ledger.find('key', 'fingerprint', [key.publicKey.fingerprint])
    assert.equal(found?.state, 'compromised')
  })
})
