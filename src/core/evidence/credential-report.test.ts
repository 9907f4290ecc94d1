// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeState } from '#core/keywatch/state.ts'
import { generateKey } from '#trust/private-key.ts'
import { attested, tpmPump } from '../../../test/support/attested.ts'
import { addPump, ask, expectDevice, operator, withCore } from '../../../test/support/core.ts'
import { addEntrance } from '../devices/entrance.ts'
import { keyMadeByServer } from '../enrolment/server-key/occasion.ts'
import { newId } from '../ledger/ids.ts'
import { applyProfile } from '../policy/apply-profile.ts'
import { readyProfiles } from '../policy/ready/ready-profiles.ts'
import { credentialReport } from './credential-report.ts'

test('the report tells of each profile in use, each authority and each secret of the house', () =>
  withCore(async (core) => {
    const product = await addPump(core)
    const { credential } = await expectDevice(core, product, 'P-1')
    await ask(core, credential, await generateKey('p-256'))
    const rows = await credentialReport(core)
    const types = rows.map(({ type, profile }) => (profile ? `${type} ${profile.name}` : type))
    assert.deepEqual(types.slice(0, 4), [
      'birth identity idevid',
      'working identity ldevid',
      'issuing authority issuing-1',
      'root authority root',
    ])
    for (const type of ['enrolment code', "the log's key", 'passphrase of the keys', 'session']) {
      assert.ok(types.includes(type), type)
    }
    const [birth, working, issuing, root] = rows
    assert.deepEqual(birth?.counts, { issued: 0, revoked: 0 })
    assert.deepEqual(working?.counts, { issued: 1, revoked: 0 })
    assert.deepEqual(working?.entrances, ['pump'])
    assert.match(working?.validity ?? '', /^\d+ days; one key for \d+ days at most$/)
    assert.deepEqual(issuing?.algorithms, [{ name: 'p-256', strength: 128 }])
    assert.match(root?.validity ?? '', /^until 2026-07-30/)
    for (const row of rows) {
      for (const [name, value] of Object.entries(row)) {
        if (typeof value === 'string') assert.ok(value.length > 3, `${row.type}: ${name}`)
      }
    }
  }))

test('keys that the server made are counted where a profile lets it make them', () =>
  withCore(async (core) => {
    const product = await addPump(core)
    const because = 'its chip has no chance of its own'
    const document = {
      ...{ ...readyProfiles.ldevid, name: 'weak-chip' },
      serverKeys: { algorithms: ['p-256'], because },
    }
    const applied = await applyProfile(document, operator, core)
    assert.equal(applied.kind, 'applied', JSON.stringify(applied))
    const asked = { label: 'weak', product, profile: 'weak-chip' }
    assert.equal((await addEntrance(asked, operator, core)).kind, 'added')
    const exception = {
      ...{ id: newId('exception', core), version: 1, rule: keyMadeByServer, subject: product.id },
      ...{ grantedBy: 'weak-chip 1', reason: because, until: null, createdAt: core.clock.now() },
    }
    await core.ledger.commit({ puts: [{ kind: 'exception', record: exception }], events: [] })
    const rows = await credentialReport(core)
    const told = rows.find(({ profile }) => profile?.name === 'weak-chip')
    assert.match(told?.generated ?? '', /lets the server make keys of p-256.*\(1 in this/)
  }))

test('the keys that were attested are counted among those in use', () =>
  withCore(async (core) => {
    const product = await tpmPump(core)
    const { credential, device } = await expectDevice(core, product, 'P-1')
    const key = await generateKey('p-256')
    await attested(core, device, key)
    assert.equal((await ask(core, credential, key)).kind, 'issued')
    const row = (await credentialReport(core)).find(
      ({ profile }) => profile?.name === 'pump-attested',
    )
    assert.match(row?.stored ?? '', /; 1 of 1 keys .* attested .*certifies no other \(tpm\)$/)
  }))

test('the report says which tests the keys passed, over how many, when', () =>
  withCore(async (core) => {
    await addPump(core)
    const generated = async () =>
      (await credentialReport(core)).find(({ profile }) => profile?.name === 'ldevid')?.generated
    assert.match((await generated()) ?? '', /no whole round .* is over yet; no finding is open$/)
    const at = '2026-05-01T12:00:00Z'
    const round = { tests: 'checks 1', startedAt: at, through: null, walkedAt: at, keys: 7 }
    await changeState(
      () => ({
        keys: { ...round, completedAt: at },
        lastRound: { tests: 'checks 1', at, keys: 7 },
        primes: { node: 'one', at, moduli: 3 },
      }),
      core,
    )
    assert.match(
      (await generated()) ?? '',
      /tested again by 2026-05-01T12:00:00Z \(checks 1\), 7 tests so far; 3 RSA keys were compared/,
    )
  }))
