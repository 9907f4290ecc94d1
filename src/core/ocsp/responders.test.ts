// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Authority } from '#core/ledger/tables.ts'
import { readConfiguration } from '#house/configuration.ts'
import { multiply, operator, type TestCore, withCore } from '../../../test/support/core.ts'
import { believed, certIdOf, parsedQuestion } from '../../../test/support/ocsp.ts'
import { recoverReserved } from '../authority/abandon.ts'
import { Fault } from '../fault.ts'
import { settle } from '../ledger/settle.ts'
import { applyProfile, newestProfile } from '../policy/apply-profile.ts'
import { revoke } from '../revocation/revoke.ts'
import { findResponder, responderOwner } from './find-responder.ts'
import { makeResponder } from './make-responder.ts'
import { Responders } from './responders.ts'

function issuersIn({ doors }: TestCore): readonly Authority[] {
  return doors.own.filter(({ kind }) => kind === 'issuing')
}

function issuerIn(core: TestCore): Authority {
  return issuersIn(core)[0] ?? assert.fail('no issuer')
}

/** As another node would: nothing is in its memory. */
function anotherNode(core: TestCore): Responders {
  return new Responders({ ...core, maker: 'Acme' })
}

async function madeIn(core: TestCore): Promise<readonly { readonly state: string }[]> {
  const owner = responderOwner(issuerIn(core).id)
  return (await core.ledger.list('certificate', { by: 'owner', equal: [owner], limit: 100 })).items
}

/** Who answers. */
async function responderOf(responders: Responders, authority: Authority) {
  const found = await responders.of(authority)
  return 'reason' in found ? assert.fail(`${found.reason}: ${found.detail}`) : found
}

async function reasonOf(responders: Responders, authority: Authority) {
  const found = await responders.of(authority)
  return 'reason' in found ? found : assert.fail('there is one')
}

async function change(core: TestCore, columns: Partial<Authority>): Promise<Authority> {
  const before = issuerIn(core)
  const record = { ...before, ...columns, version: before.version + 1 }
  const event = {
    ...({ type: 'authority-stopped', at: core.clock.now(), actor: operator } as const),
    ...{ subjects: [record.id], facts: {} },
  }
  const put = { kind: 'authority', record } as const
  assert.equal(await settle({ puts: [put], events: [event] }, core.ledger), undefined)
  return record
}

test('a responder is made when it is first asked for, once for all nodes', async () => {
  await withCore(async (core) => {
    const issuer = issuerIn(core)
    assert.deepEqual(await madeIn(core), [])
    const [one, same] = await Promise.all([
      responderOf(core.ocsp.responders, issuer),
      responderOf(core.ocsp.responders, issuer),
    ])
    assert.equal(one, same)
    assert.equal((await responderOf(anotherNode(core), issuer)).id, one.id)
    assert.equal((await madeIn(core)).length, 1)
    const key = (await core.ledger.read('key', one.keyId)) ?? assert.fail('no key')
    assert.deepEqual([key.purpose, key.algorithm, key.custody], ['ocsp', 'p-256', 'file'])
    assert.ok(core.events.some(({ subjects }) => subjects.includes(responderOwner(issuer.id))))
  })
})

test('of two nodes that make one at once, one does, and the other uses it', async () => {
  await withCore(async (core) => {
    const issuer = issuerIn(core)
    const ports = { ...core, maker: 'Acme' }
    const made = await Promise.all([makeResponder(issuer, ports), makeResponder(issuer, ports)])
    assert.deepEqual(made.map((one) => ('reason' in one ? one.reason : one.kind)).sort(), [
      ...['busy', 'made'],
    ])
    assert.equal((await madeIn(core)).length, 1)
    await responderOf(anotherNode(core), issuer)
  })
})

test('it is renewed when a third of its life is left, though its authority issues nothing more', async () => {
  await withCore(async (core) => {
    const first = await responderOf(core.ocsp.responders, issuerIn(core))
    const life = first.notAfter.since(first.notBefore).total('hours')
    core.clock.pass({ hours: Math.floor((life * 2) / 3) - 4 })
    await core.ocsp.responders.renew(issuerIn(core))
    assert.equal((await madeIn(core)).length, 1)
    const stopped = await change(core, { state: 'issuing-stopped' })
    core.clock.pass({ hours: 4 })
    await core.ocsp.responders.renew(stopped)
    assert.equal((await madeIn(core)).length, 2)
    const next = await responderOf(core.ocsp.responders, stopped)
    assert.notEqual(next.id, first.id)
    // An answer of the old one stands: its certificate came with it.
    assert.ok(Temporal.Instant.compare(core.clock.now(), first.notAfter) < 0)
  })
})

test('it is found behind all that a signature which fails again and again left behind', async () => {
  await withCore(async (core) => {
    const { id } = await responderOf(core.ocsp.responders, issuerIn(core))
    await multiply(core, id, 100, { state: 'abandoned' })
    assert.equal((await responderOf(anotherNode(core), issuerIn(core))).id, id)
  })
})

test('one that is revoked while it is looked up answers for nobody', async () => {
  await withCore(async (core) => {
    const first = await responderOf(core.ocsp.responders, issuerIn(core))
    const read = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const ledger: typeof core.ledger = {
      ...{ find: core.ledger.find, list: core.ledger.list, count: core.ledger.count },
      commit: core.ledger.commit,
      read: async (kind, id) => {
        const record = await core.ledger.read(kind, id)
        read.resolve()
        await goOn.promise
        return record
      },
    }
    const responders = new Responders({ ...core, ledger, maker: 'Acme' })
    const found = responderOf(responders, issuerIn(core))
    await read.promise
    const lost = { id: first.id, reason: 'keyCompromise', because: 'stolen' } as const
    assert.equal((await revoke(lost, operator, core)).kind, 'revoked')
    responders.forgetAll()
    goOn.resolve()
    assert.notEqual((await found).id, first.id)
    assert.notEqual((await responderOf(responders, issuerIn(core))).id, first.id)
  })
})

test('an authority that was ended gets no responder, and after the last one nobody answers', async () => {
  await withCore(async (core) => {
    const first = await responderOf(core.ocsp.responders, issuerIn(core))
    const ended = await change(core, { state: 'retired' })
    assert.equal((await responderOf(core.ocsp.responders, ended)).id, first.id)
    core.clock.pass({ hours: 24 * 90 })
    assert.equal((await reasonOf(core.ocsp.responders, ended)).reason, 'issuer-unknown')
  })
})

test('what cannot be made is responder-missing, and is tried again after a while, not at each question', async () => {
  let tries = 0
  let broken = false
  await withCore(
    async (core) => {
      const issuer = issuerIn(core)
      broken = true
      for (let asked = 0; asked < 5; asked++)
        assert.equal((await reasonOf(core.ocsp.responders, issuer)).reason, 'responder-missing')
      assert.equal(tries, 1)
      broken = false
      core.clock.pass({ minutes: 3 })
      await responderOf(core.ocsp.responders, issuer)
    },
    ({ keys }) => ({
      keys: {
        ...{ has: (keyId) => keys.has(keyId), sign: (keyId, bytes) => keys.sign(keyId, bytes) },
        make: async (algorithm, keyId, place) => {
          if (!broken) return keys.make(algorithm, keyId, place)
          tries++
          throw new Fault('key-unreachable', 'it is away')
        },
      },
    }),
  )
})

test('a crash while a responder is made holds nobody up for longer than it must', async () => {
  let cutAt = ''
  await withCore(
    async (core) => {
      const issuer = issuerIn(core)
      const ports = { ...core, maker: 'Acme' }
      // With a key, and before anything was booked: nobody knows whether it is still at it.
      cutAt = 'reserved'
      await assert.rejects(makeResponder(issuer, ports), /the power went/)
      cutAt = ''
      const early = await reasonOf(anotherNode(core), issuer)
      assert.match(early.detail, /another node is making/)
      core.clock.pass({ minutes: 3 })
      // Booked and signed, and nobody was handed it.
      cutAt = 'issued'
      await assert.rejects(makeResponder(issuer, ports), /the power went/)
      cutAt = ''
      const { id } = await responderOf(anotherNode(core), issuer)
      core.clock.pass({ minutes: 3 })
      await recoverReserved(core, core.clock.now().subtract({ minutes: 2 }))
      const states = (await madeIn(core)).map(({ state }) => state)
      assert.deepEqual(states, ['abandoned', 'issued'])
      assert.equal((await findResponder(issuer.id, core.clock.now(), core.ledger))?.id, id)
    },
    ({ ledger }) => ({
      ledger: {
        read: (kind, id) => ledger.read(kind, id),
        list: (kind, query) => ledger.list(kind, query),
        find: (kind, key, values) => ledger.find(kind, key, values),
        count: (kind, query) => ledger.count(kind, query),
        commit: async (change) => {
          const isCut = change.puts.some(
            ({ kind, record }) => kind === 'certificate' && record.state === cutAt,
          )
          if (isCut) throw new Error('the power went')
          return ledger.commit(change)
        },
      },
    }),
  )
})

test('an authority of ML-DSA is answered for by ML-DSA, and by nothing less', async () => {
  await withCore(
    async (core) => {
      const twin = issuersIn(core).find(({ twin }) => twin !== null) ?? assert.fail('no twin')
      const question = parsedQuestion([certIdOf(twin, Uint8Array.of(1))])
      const said = await core.ocsp.answer(question, '192.0.2.9')
      if (said.kind !== 'answer') return assert.fail(said.detail)
      const { signature } = await believed(said.answer.der, twin)
      assert.equal(signature.length, 3_309)
      const profile = await newestProfile('ocsp-signer', core.ledger)
      const document = {
        ...(profile?.document as object),
        ...{ version: 2, keys: { algorithms: ['p-384'], because: 'test' } },
      }
      assert.equal((await applyProfile(document, operator, core)).kind, 'applied')
      core.clock.pass({ hours: 24 * 90 })
      const weaker = await reasonOf(anotherNode(core), twin)
      assert.match(weaker.detail, /admits no key that is as good as ml-dsa-65/)
    },
    ({ configuration: { data } }) => ({
      configuration: readConfiguration(['--data', data, '--twin']),
    }),
  )
})
