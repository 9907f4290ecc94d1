// SPDX-License-Identifier: Apache-2.0
/** What is booked, asked for, checked and given up where somebody else signs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Heard } from '#core/authority/upstream/desk.ts'
import { retire } from '#core/devices/life.ts'
import { Fault } from '#core/fault.ts'
import type { CertificateRecord, UpstreamOrder } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { watchAuthorities } from '#core/watch/endings.ts'
import { oid } from '#format/der/oid.ts'
import { keyPurposes } from '#format/oids.ts'
import { parseToBeSigned } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { openCore } from '#house/core.ts'
import { generateKey } from '#trust/private-key.ts'
import { type Entity, makeEntity, type Wish } from '../../../../test/made-certificates.ts'
import { attested } from '../../../../test/support/attested.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  type Expected,
  expectDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import { FakeUpstream } from '../../../../test/support/fake-upstream.ts'
import { renewalBy, requestBy } from '../../../../test/support/house.ts'
import { changeProfile } from '../../../../test/support/profiles.ts'
import { carryOpenOrders } from './open-orders.ts'
import { tellRevocations } from './revocations.ts'

const because = 'RFC 0000: a test'
const never = new AbortController().signal

interface Stage {
  readonly core: TestCore
  readonly fake: FakeUpstream
  readonly expected: Expected
  readonly request: Uint8Array
  /** Asks as the device does, with the same request. */
  enrol(): ReturnType<typeof ask>
  certificates(): Promise<readonly CertificateRecord[]>
  order(): Promise<UpstreamOrder>
  happened(type: string): number
}

interface Setting {
  readonly mayDiffer?: readonly ('subject' | 'validity' | 'purposes')[]
  readonly repeatsMinutes?: number
  /** Breaks the next commit that touches one of these. */
  readonly breaking?: { kind: string | undefined }
}

async function onStage(
  work: (stage: Stage) => Promise<void>,
  { mayDiffer, repeatsMinutes = 15, breaking }: Setting = {},
): Promise<void> {
  const fake = await FakeUpstream.open()
  await withCore(
    async (core) => {
      const pump = await addPump(core)
      await fake.register(core, { repeatsMinutes })
      const hosting = { upstream: 'elsewhere', because, ...(mayDiffer && { mayDiffer }) }
      await changeProfile(core, { hosting })
      const expected = await expectDevice(core, pump, 'A-1')
      const request = await requestBy(await generateKey('p-256'))
      const certificates = async () => {
        const walk = { by: 'owner', equal: [expected.device.id], limit: 100 } as const
        return (await core.ledger.list('certificate', walk)).items
      }
      await work({
        ...{ core, fake, expected, request, certificates },
        enrol: () => ask(core, expected.credential, request),
        order: async () => {
          const last = (await certificates()).at(-1)
          const found = last && (await core.ledger.find('upstreamOrder', 'certificate', [last.id]))
          return found ?? assert.fail('no order')
        },
        happened: (type) => core.events.filter((event) => event.type === type).length,
      })
    },
    ({ ledger }) => ({
      desk: fake,
      ledger: {
        ...{ read: ledger.read.bind(ledger), find: ledger.find.bind(ledger) },
        ...{ list: ledger.list.bind(ledger), count: ledger.count.bind(ledger) },
        commit: async (change) => {
          const wanted = breaking?.kind
          if (wanted !== undefined && change.puts.some(({ kind }) => kind === wanted)) {
            throw new Fault('store-unreachable', 'the power went')
          }
          return ledger.commit(change)
        },
      },
    }),
  )
}

test('what came back is booked under its own authority and handed out', async () => {
  await onStage(async ({ enrol, certificates, fake, core, order, happened }) => {
    const { id, certificate } = issuedOf(await enrol())
    const [record, ...more] = await certificates()
    assert.deepEqual([record?.id, record?.state, more.length], [id, 'issued', 0])
    const authority = await core.ledger.read('authority', record?.authority ?? '')
    assert.deepEqual(authority?.certificate, fake.issuing.der)
    assert.equal((await order()).state, 'answered')
    assert.deepEqual(issuedOf(await enrol()).certificate, certificate, 'a repetition')
    assert.equal(fake.asked, 1)
    assert.equal(happened('certificate-issued'), (await ownIssued(core)).length + 1)
  })
})

test('elsewhere is asked for attested keys alone where the profile says so', async () => {
  await onStage(async ({ core, fake, expected, certificates }) => {
    const hosting = { upstream: 'elsewhere', because }
    const attestation = { required: ['tpm'], maxAgeHours: 24, because } as const
    await changeProfile(core, { hosting, attestation })
    const key = await generateKey('p-256')
    const enrol = () => ask(core, expected.credential, key)
    assert.equal(reasonOf(await enrol()), 'attestation-missing')
    assert.equal(fake.asked, 0)
    await attested(core, expected.device, key)
    issuedOf(await enrol())
    const [record] = await certificates()
    const booked = await core.ledger.read('key', record!.key)
    assert.deepEqual([booked?.attested, booked?.protection], [true, 'tpm'])
  })
})

type Answering = (fake: FakeUpstream) => FakeUpstream['answer']

/** What -> the words that the operator finds, and how it is answered. */
const wrongAnswers: Record<string, readonly [RegExp, Answering]> = {
  'a certificate for another key': [
    /none of its certificates is for the key/,
    (fake) => async (errand) => fake.signed(errand, { subject: await makeEntity('CN=A-1') }),
  ],
  'an authority': [
    /basicConstraints say CA/,
    (fake) => (errand) =>
      fake.signed(errand, wishWith(encodeExtension('basicConstraints', { ca: true }))),
  ],
  'a name that nobody approved': [
    /alternative name .*x\.example.*, which nobody approved/,
    (fake) => (errand) =>
      fake.signed(
        errand,
        wishWith(encodeExtension('subjectAltName', [{ kind: 'dns', value: 'x.example' }])),
      ),
  ],
  'another subject': [
    /its subject is "CN=B-1"/,
    (fake) => async (errand) =>
      fake.signed(errand, { subject: await named('CN=B-1', errand.order) }),
  ],
  'a longer life than was approved': [
    /it ends at 2055/,
    (fake) => (errand) => fake.signed(errand, { notAfter: in2055 }),
  ],
  'more purposes than were approved': [
    /it has no keyUsage and serves everything/,
    (fake) => (errand) => fake.signed(errand, { extensions: [] }),
  ],
  'a key that may sign certificates': [
    /its keyUsage says keyCertSign, which is for authorities/,
    (fake) => (errand) =>
      fake.signed(errand, {
        extensions: [
          encodeExtension('keyUsage', ['digitalSignature', 'keyCertSign']),
          encodeExtension('extKeyUsage', [keyPurposes.clientAuth]),
        ],
      }),
  ],
  'a certificate of a stranger': [
    /certificate-not-trusted|signature-wrong/,
    () => async (errand) => (await FakeUpstream.open('CN=stranger')).signed(errand),
  ],
  'bytes that are no certificate': [
    /does not read/,
    () => async () => ({
      ...{ kind: 'certificates', certificates: [Uint8Array.of(0x30, 0x03, 1, 2, 3)] },
    }),
  ],
  'nothing at all': [
    /none of its certificates is for the key/,
    () => async () => ({ kind: 'certificates', certificates: [] }),
  ],
  'an extension that everybody must know and nobody does': [
    /does not read: .*extension-unknown-critical|does not read/,
    (fake) => (errand) =>
      fake.signed(
        errand,
        wishWith({ oid: oid('1.3.6.1.4.1.99999.1'), critical: true, value: Uint8Array.of(5, 0) }),
      ),
  ],
}

const in2055 = Temporal.Instant.from('2055-01-01T00:00:00Z')

function wishWith(...extensions: Wish['extensions'] & object): Wish {
  const usage = encodeExtension('extKeyUsage', [keyPurposes.clientAuth])
  return { extensions: [encodeExtension('keyUsage', ['digitalSignature']), usage, ...extensions] }
}

/** Somebody of this name with the key that was asked for. */
async function named(name: string, { expected }: UpstreamOrder): Promise<Entity> {
  const entity = await makeEntity(name)
  const { der: spki } = parseToBeSigned(expected).publicKey
  return { ...entity, pair: { ...entity.pair, publicKey: { ...entity.pair.publicKey, spki } } }
}

for (const [what, [words, answering]] of Object.entries(wrongAnswers)) {
  test(`${what} is not handed out`, async () => {
    await onStage(async ({ enrol, certificates, fake, core, order, happened, expected }) => {
      const good = fake.answer
      fake.answer = answering(fake)
      const refused = await enrol()
      assert.equal(reasonOf(refused), 'upstream-answer-wrong')
      assert.equal((await certificates())[0]?.state, 'abandoned')
      assert.equal((await order()).state, 'refused')
      assert.match((await order()).words ?? '', words)
      assert.equal(happened('upstream-answer-refused'), 1)
      assert.equal(happened('certificate-issued'), (await ownIssued(core)).length)
      const { items } = await core.ledger.list('alarm', { limit: 10 })
      assert.ok(items.some(({ kind }) => kind === 'upstream-certificate-astray'))
      fake.answer = good
      const again = issuedOf(await ask(core, expected.credential, await generateKey('p-256')))
      assert.equal((await certificateOf(core, again.id)).state, 'issued', 'the code is good again')
    })
  })
}

async function ownIssued(core: TestCore) {
  const walk = { by: 'state', equal: ['issued'], limit: 100 } as const
  return (await core.ledger.list('certificate', walk)).items.filter(
    ({ kind }) => kind === 'root' || kind === 'issuing',
  )
}

test('what may differ is what the profile says, and the event tells it', async () => {
  const allowed = { mayDiffer: ['subject', 'validity', 'purposes'] } as const
  await onStage(async ({ enrol, fake, core }) => {
    fake.answer = async (errand) => {
      const subject = await named('CN=A-1,O=Somebody Else', errand.order)
      return fake.signed(errand, { subject, notAfter: in2055, extensions: [] })
    }
    const { id } = issuedOf(await enrol())
    const record = await certificateOf(core, id)
    assert.match(record.subject, /Somebody Else/)
    const event = core.events.find(({ subjects }) => subjects[0] === id)
    assert.equal(event?.facts['differs'], 'subject, validity, purposes')
    assert.equal(event.facts['upstream'], 'elsewhere')
  }, allowed)
})

test('one that cannot be reached costs no certificate: the same request goes on where it stood', async () => {
  await onStage(async ({ enrol, certificates, fake, core, order }) => {
    const good = fake.answer
    fake.answer = async () => ({ kind: 'unreached', words: 'connection refused' })
    assert.equal(reasonOf(await enrol()), 'upstream-unreachable')
    assert.equal(reasonOf(await enrol()), 'upstream-unreachable', 'and it is not asked at once')
    assert.equal(fake.asked, 1)
    assert.deepEqual([(await order()).stage, (await order()).state], ['booked', 'open'])
    assert.equal(core.upstreams.health.troubleOf((await order()).upstream), 'connection refused')
    fake.answer = good
    core.clock.pass({ seconds: 10 })
    issuedOf(await enrol())
    assert.equal((await certificates()).length, 1)
    const { items } = await core.ledger.list('alarm', { limit: 10 })
    assert.deepEqual(
      items.map(({ kind, state }) => [kind, state]),
      [['upstream-unreachable', 'cleared']],
    )
  })
})

test('one that is never reached is given up, and the code is good again', async () => {
  await onStage(async ({ enrol, certificates, fake, core, expected, happened }) => {
    const good = fake.answer
    fake.answer = async () => ({ kind: 'unreached', words: 'connection refused' })
    await enrol()
    core.clock.pass({ minutes: 16 })
    await carryOpenOrders(core, never)
    assert.equal((await certificates())[0]?.state, 'abandoned')
    assert.equal(happened('upstream-not-reached'), 1)
    fake.answer = good
    issuedOf(await ask(core, expected.credential, await generateKey('p-256')))
  })
})

test('a lost answer is asked for again where the upstream repeats itself, and nothing is signed twice', async () => {
  await onStage(async ({ enrol, certificates, fake, core }) => {
    let kept: Heard | undefined
    fake.answer = async (errand) => {
      kept ??= await fake.signed(errand)
      fake.answer = async () => kept ?? assert.fail()
      return { kind: 'unknown', words: 'it did not answer in time' }
    }
    const first = await enrol()
    assert.equal(first.kind, 'pending')
    core.clock.pass({ seconds: 10 })
    const { certificate } = issuedOf(await enrol())
    assert.ok(kept?.kind === 'certificates')
    assert.deepEqual(kept.certificates[1], certificate)
    assert.equal((await certificates()).length, 1)
    assert.equal(fake.asked, 2)
  })
})

test('a lost answer of one that promises nothing is given up by name', async () => {
  await onStage(
    async ({ enrol, certificates, fake, core, happened, expected }) => {
      fake.answer = async () => ({ kind: 'unknown', words: 'it did not answer in time' })
      assert.equal(reasonOf(await enrol()), 'upstream-outcome-unknown')
      assert.equal((await certificates())[0]?.state, 'abandoned')
      assert.equal(happened('upstream-outcome-unknown'), 1)
      assert.equal(fake.asked, 1)
      const { items } = await core.ledger.list('alarm', { limit: 10 })
      assert.ok(items.some(({ kind }) => kind === 'upstream-certificate-astray'))
      fake.answer = async (errand) => fake.signed(errand)
      for (const minutes of [1, 60]) {
        core.clock.pass({ minutes })
        assert.equal(reasonOf(await enrol()), 'upstream-outcome-unknown', 'the same request again')
      }
      assert.equal(fake.asked, 1)
      issuedOf(await ask(core, expected.credential, await generateKey('p-256')))
    },
    { repeatsMinutes: 0 },
  )
})

test('what breaks while asking counts as not known', async () => {
  await onStage(
    async ({ enrol, fake }) => {
      fake.answer = async () => {
        throw new TypeError('a mistake of ours')
      }
      assert.equal(reasonOf(await enrol()), 'upstream-outcome-unknown')
    },
    { repeatsMinutes: 0 },
  )
})

test('a device waits as it waits for a person, and hears the answer however late it comes', async () => {
  await onStage(async ({ enrol, fake, core, certificates, happened }) => {
    const good = fake.answer
    fake.answer = async () => ({
      kind: 'waiting',
      retryAfterSeconds: 600,
      words: 'a person decides',
    })
    const outcome = await enrol()
    assert.deepEqual(outcome, { kind: 'pending', retryAfterSeconds: 600 })
    core.clock.pass({ seconds: 100 })
    assert.deepEqual(await enrol(), { kind: 'pending', retryAfterSeconds: 500 })
    assert.equal(fake.asked, 1, 'it is not asked before its time')
    assert.equal(happened('upstream-waiting'), 1)
    fake.answer = good
    core.clock.pass({ hours: 30 })
    assert.equal(await carryOpenOrders(core, never), 1)
    core.clock.pass({ hours: 30 })
    const { id } = issuedOf(await enrol())
    assert.equal((await certificateOf(core, id)).state, 'issued')
    assert.equal((await certificates()).length, 1)
  })
})

test('a lost answer after "it is worked on" is no more asked for twice than a first one', async () => {
  for (const loses of ['unknown', 'crash'] as const) {
    const breaking: { kind: string | undefined } = { kind: undefined }
    await onStage(
      async ({ enrol, fake, core, order, happened }) => {
        const wait = { kind: 'waiting', retryAfterSeconds: 60, words: 'a person decides' } as const
        fake.answer = async () => wait
        await enrol()
        core.clock.pass({ seconds: 90 })
        assert.equal((await enrol()).kind, 'pending', 'it may be asked for as often as it waits')
        assert.equal(fake.asked, 2)
        core.clock.pass({ seconds: 90 })
        fake.answer = async (errand) => {
          if (loses === 'unknown') return { kind: 'unknown', words: 'the connection was cut' }
          breaking.kind = 'enrolment'
          return fake.signed(errand)
        }
        const outcome = await enrol().catch((error: Fault) => error.code)
        assert.ok(outcome === 'store-unreachable' || reasonOf(outcome as never) !== undefined)
        breaking.kind = undefined
        fake.answer = async (errand) => fake.signed(errand)
        core.clock.pass({ minutes: 20 })
        await carryOpenOrders(core, never)
        assert.equal(fake.asked, 3, loses)
        assert.equal((await order()).state, 'given-up')
        assert.equal(happened('upstream-outcome-unknown'), 1)
      },
      { repeatsMinutes: 0, breaking },
    )
  }
})

test('one that could not be reached while it is worked on is asked again', async () => {
  await onStage(
    async ({ enrol, fake, core, order }) => {
      fake.answer = async () => ({ kind: 'waiting', retryAfterSeconds: 60, words: 'later' })
      await enrol()
      core.clock.pass({ seconds: 90 })
      fake.answer = async () => ({ kind: 'unreached', words: 'connection refused' })
      await enrol()
      assert.deepEqual([(await order()).stage, (await order()).askedAt], ['waiting', null])
      fake.answer = async (errand) => fake.signed(errand)
      core.clock.pass({ minutes: 30 })
      issuedOf(await enrol())
    },
    { repeatsMinutes: 0 },
  )
})

test('who was held up so long that another booked the answer harms nothing', async () => {
  await onStage(async ({ enrol, fake, core, order, certificates, happened }) => {
    fake.answer = async (errand) => {
      const kept = await fake.signed(errand)
      fake.answer = async () => kept
      // Another process takes the order up, is answered the same, and books it, while this one stands still.
      core.clock.pass({ minutes: 2 })
      assert.equal(await carryOpenOrders(core, never), 1)
      return kept
    }
    assert.equal(reasonOf(await enrol()), 'busy')
    assert.equal(fake.revoked, 0, 'what another handed out is not revoked')
    assert.deepEqual(
      [(await order()).state, (await certificates())[0]?.state],
      ['answered', 'issued'],
    )
    assert.equal(happened('upstream-answer-refused'), 0)
    const { items } = await core.ledger.list('alarm', { limit: 10 })
    assert.deepEqual(items, [])
    issuedOf(await enrol())
  })
})

test('one that cannot be reached is tried once in a look, and another is asked meanwhile', async () => {
  await onStage(async ({ core, enrol, fake, expected }) => {
    fake.answer = async () => ({ kind: 'unreached', words: 'connection refused' })
    await enrol()
    const product = await core.ledger.read('product', expected.device.product)
    for (const serial of ['A-2', 'A-3']) {
      const { credential } = await expectDevice(core, product ?? assert.fail(), serial)
      await ask(core, credential, await generateKey('p-256'))
    }
    assert.equal(fake.asked, 3)
    core.clock.pass({ minutes: 2 })
    assert.equal(await carryOpenOrders(core, never), 1)
    assert.equal(fake.asked, 4)
  })
})

test('an order that was booked while its upstream was removed is given up', async () => {
  await onStage(async ({ core, enrol, fake, order, certificates, happened }) => {
    fake.answer = async () => ({ kind: 'unreached', words: 'connection refused' })
    await enrol()
    const upstream = (await core.ledger.read('upstream', (await order()).upstream)) ?? assert.fail()
    const removed = { ...upstream, version: upstream.version + 1, state: 'removed' } as const
    await core.ledger.commit({ puts: [{ kind: 'upstream', record: removed }], events: [] })
    await core.doors.reload()
    core.clock.pass({ minutes: 2 })
    await carryOpenOrders(core, never)
    assert.equal((await order()).state, 'given-up')
    assert.equal((await certificates())[0]?.state, 'abandoned')
    assert.equal(happened('upstream-not-reached'), 1)
  })
})

test('that an authority of an upstream comes to its end is told in time, and what that means', async () => {
  await onStage(async ({ core, fake, enrol }) => {
    issuedOf(await enrol())
    const told = async (days: number) => {
      const { notAfter } = fake.root
      await watchAuthorities(notAfter.subtract({ hours: 24 * days }), core)
      const { items } = await core.ledger.list('alarm', { limit: 20 })
      return items.flatMap(({ kind, text, state, severity }) =>
        kind === 'authority-ending' && state !== 'cleared' && text.includes('elsewhere-')
          ? [`${severity} ${text.replace(/^.*: /, '')}`]
          : [],
      )
    }
    assert.deepEqual(await told(200), [])
    assert.match((await told(170)).join(), /^notice whoever signs there has to be asked/)
    assert.match((await told(20)).join(), /critical after its end nothing that it signed is good/)
  })
})

test('no freedom of a profile lets a key sign certificates', async () => {
  await onStage(
    async ({ enrol, fake }) => {
      const usage = encodeExtension('keyUsage', ['digitalSignature', 'keyCertSign'])
      fake.answer = (errand) => fake.signed(errand, { extensions: [usage] })
      assert.equal(reasonOf(await enrol()), 'upstream-answer-wrong')
    },
    { mayDiffer: ['subject', 'validity', 'purposes'] },
  )
})

test('its "no" ends the order, and only the operator hears its words', async () => {
  await onStage(async ({ enrol, fake, order, happened }) => {
    fake.answer = async () => ({ kind: 'turned-down', words: 'no such unit in Springfield' })
    const refused = await enrol()
    assert.equal(reasonOf(refused), 'upstream-refused')
    assert.doesNotMatch(JSON.stringify(refused), /Springfield/)
    assert.equal((await order()).words, 'no such unit in Springfield')
    assert.equal(happened('upstream-turned-down'), 1)
  })
})

test('a crash between asking and booking loses nothing: another process takes the order up', async () => {
  const breaking: { kind: string | undefined } = { kind: undefined }
  await onStage(
    async ({ enrol, fake, core, certificates, order, expected, request }) => {
      let kept: Heard | undefined
      fake.answer = async (errand) => {
        kept ??= await fake.signed(errand)
        breaking.kind = 'enrolment'
        return kept
      }
      await assert.rejects(enrol(), { code: 'store-unreachable' })
      breaking.kind = undefined
      fake.answer = async () => kept ?? assert.fail()
      // The next process begins with recovery, which must leave alone what may still be answered.
      const restarted = await openCore(core.means)
      assert.equal(restarted.recovered, 0)
      assert.equal((await certificates())[0]?.state, 'reserved')
      assert.equal((await order()).stage, 'asked')
      core.clock.pass({ minutes: 2 })
      const again = await ask(restarted, expected.credential, request)
      issuedOf(again)
      assert.equal((await certificates()).length, 1)
    },
    { breaking },
  )
})

test('of two identical requests at once one is asked for', async () => {
  await onStage(async ({ enrol, fake, certificates }) => {
    const gate = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const good = fake.answer
    fake.answer = async (errand, signal) => {
      began.resolve()
      await gate.promise
      return good(errand, signal)
    }
    const first = enrol()
    await began.promise
    assert.equal((await enrol()).kind, 'pending')
    gate.resolve()
    issuedOf(await first)
    assert.equal(fake.asked, 1)
    assert.equal((await certificates()).length, 1)
  })
})

test('the same certificate is not taken for two orders', async () => {
  await onStage(async ({ enrol, fake, core }) => {
    let kept: Heard | undefined
    fake.answer = async (errand) => {
      kept ??= await fake.signed(errand)
      return kept
    }
    const { certificate } = issuedOf(await enrol())
    const shown = { kind: 'certificate', chain: [certificate] } as const
    const other = await generateKey('p-256')
    const renewal = await renewalBy(other, certificate)
    const outcome = await ask(core, shown, renewal, { operation: 'reenrol' })
    assert.equal(reasonOf(outcome), 'upstream-answer-wrong')
  })
})

test('what a device lost its right to while it was asked for is not handed out', async () => {
  await onStage(async ({ enrol, fake, core, expected, certificates }) => {
    const good = fake.answer
    fake.answer = async (errand, signal) => {
      await retire(await deviceOf(core, expected), 'scrapped', operator, core)
      return good(errand, signal)
    }
    assert.equal(reasonOf(await enrol()), 'upstream-answer-wrong')
    assert.equal((await certificates())[0]?.state, 'abandoned')
    assert.equal(fake.revoked, 1)
  })
})

test('what is revoked here is revoked there, or a person is told', async () => {
  await onStage(async ({ enrol, fake, core, order, happened }) => {
    const { id } = issuedOf(await enrol())
    await revoke({ id, reason: 'keyCompromise', because: 'stolen' }, operator, core)
    fake.revoking = async () => ({ kind: 'failed', words: 'busy' })
    await tellRevocations(core.doors.upstreams, core, never)
    assert.equal((await order()).revocation, null, 'and it is asked again')
    fake.revoking = async () => ({ kind: 'revoked' })
    await tellRevocations(core.doors.upstreams, core, never)
    await tellRevocations(core.doors.upstreams, core, never)
    assert.equal((await order()).revocation, 'done')
    assert.equal(fake.revoked, 2)
    assert.equal(happened('upstream-revocation-asked'), 1)
    assert.deepEqual(core.troubles, [], 'and no list of ours is made for it')
  })
})

test('a profile is hosted by an upstream that is here, and devices never by ACME', async () => {
  await onStage(async ({ core, fake }) => {
    await fake.register(core, { name: 'public', protocol: 'acme' })
    const apply = (name: 'ldevid' | 'server', upstream: string, version: number) =>
      applyProfile(
        { ...readyProfiles[name], version, hosting: { upstream, because } },
        operator,
        core,
      )
    const nobody = await apply('ldevid', 'nobody', 3)
    assert.match(nobody.kind === 'refused' ? nobody.detail : '', /no upstream nobody is here/)
    const device = await apply('ldevid', 'public', 3)
    assert.equal(reasonOf(device), 'profile-wrong')
    assert.match(
      device.kind === 'refused' ? device.detail : '',
      /no longer issue for client authentication/,
    )
    assert.equal((await apply('server', 'public', 2)).kind, 'applied')
  })
})
