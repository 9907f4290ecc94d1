// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { foundingFor } from '#house/foundation.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  enrolDevice,
  expectDevice,
  issuedOf,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import type { Authority } from '../ledger/tables.ts'
import { type Succession, succeedAuthority } from './succeed-authority.ts'

function of(core: TestCore, name: string): Authority {
  return core.doors.authorities.find((one) => one.name === name) ?? assert.fail(name)
}

function succeed(core: TestCore, before: string, asked: Partial<Succession> = {}) {
  const wanted = { environment: core.environment, rootAlgorithm: 'p-384', twin: false } as const
  const founding = foundingFor({ ...wanted, algorithm: 'p-256' })
  return succeedAuthority(
    {
      ...{ before: of(core, before), root: of(core, 'root'), name: undefined, keysIn: undefined },
      ...{ because: 'test', founding: { ...founding, actor: operator }, ...asked },
    },
    core,
  )
}

const reasonOf = async (succeeding: ReturnType<typeof succeed>) => {
  const done = await succeeding
  return done.kind === 'refused' ? done.reason : done.kind
}

test('a successor takes over the doors, and what the one before issued is renewed by it', () =>
  withCore(async (core) => {
    const product = await addPump(core)
    const { id } = await enrolDevice(core, product, 'A')
    const done = await succeed(core, 'issuing-1')
    assert.ok(done.kind === 'succeeded')
    assert.deepEqual(
      [done.successor.name, done.entrances, done.made, done.before.state, done.before.successor],
      ['issuing-2', 2, true, 'issuing-stopped', done.successor.id],
    )
    const { credential } = await expectDevice(core, product, 'B')
    const issued = issuedOf(await ask(core, credential, await generateKey('p-256')))
    const name = (der: Uint8Array) => formatName(parseCertificate(der).subject)
    assert.equal(
      formatName(parseCertificate(issued.certificate).issuer),
      name(done.successor.certificate),
    )
    assert.equal((await core.ledger.read('certificate', id))?.state, 'issued')
    const made = core.events.find(
      ({ type, subjects }) => type === 'authority-made' && subjects[0] === done.successor.id,
    )
    assert.equal(made?.facts['custody'], 'file')
    // The next one counts on.
    const next = await succeed(core, 'issuing-2')
    assert.equal(next.kind === 'succeeded' && next.successor.name, 'issuing-3')
  }))

test('a succession that was cut off after the key was made goes on with what is there', () =>
  withCore(async (core) => {
    await addPump(core)
    const { commit } = core.ledger
    let cut = true
    const cutting: TestCore['ledger'] = {
      ...core.ledger,
      read: (kind, id) => core.ledger.read(kind, id),
      find: (kind, key, values) => core.ledger.find(kind, key, values),
      list: (kind, query) => core.ledger.list(kind, query),
      count: (kind, query) => core.ledger.count(kind, query),
      commit: (change) =>
        cut && change.events.some(({ type }) => type === 'authority-stopped')
          ? Promise.reject(new Error('the power is out'))
          : commit.call(core.ledger, change),
    }
    await assert.rejects(succeed({ ...core, ledger: cutting }, 'issuing-1', { name: 'issuing-2' }))
    assert.equal(of(core, 'issuing-1').state, 'active')
    cut = false
    const done = await succeed(core, 'issuing-1', { name: 'issuing-2' })
    assert.ok(done.kind === 'succeeded')
    assert.deepEqual([done.made, done.successor.name, done.entrances], [false, 'issuing-2', 2])
  }))

test('only an authority that issues here has a successor, under a root whose key is here', () =>
  withCore(async (core) => {
    assert.equal(await reasonOf(succeed(core, 'root')), 'not-permitted')
    assert.equal(await reasonOf(succeed(core, 'issuing-1', { name: 'root' })), 'exists-already')
    const away = { ...of(core, 'root'), key: 'key_elsewhere' }
    assert.equal(await reasonOf(succeed(core, 'issuing-1', { root: away })), 'issuing-stopped')
    const adopted = { ...of(core, 'issuing-1'), origin: 'adopted' } as const
    assert.equal(await reasonOf(succeed(core, 'issuing-1', { before: adopted })), 'not-permitted')
    assert.equal((await succeed(core, 'issuing-1')).kind, 'succeeded')
    assert.equal(await reasonOf(succeed(core, 'issuing-1')), 'issuing-stopped')
  }))

test('a backend that makes no such key is said before anything is made', () =>
  withCore(
    async (core) => {
      const before = await core.ledger.count('authority', {})
      const done = await succeed(core, 'issuing-1', { keysIn: 'pkcs11' })
      assert.ok(done.kind === 'refused')
      assert.deepEqual([done.reason, done.detail], ['input-wrong', 'keysIn: no pkcs11 here'])
      assert.equal(await core.ledger.count('authority', {}), before)
    },
    ({ keys }) => ({
      keys: {
        make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
        has: (keyId) => keys.has(keyId),
        sign: (keyId, toBeSigned) => keys.sign(keyId, toBeSigned),
        unable: (_, custody) => (custody === 'file' ? undefined : `no ${custody} here`),
      },
    }),
  ))
