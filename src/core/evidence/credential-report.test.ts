// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKey } from '#trust/private-key.ts'
import { addPump, ask, expectDevice, withCore } from '../../../test/support/core.ts'
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
