// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { withCore } from '../../test/support/core.ts'
import { found } from './foundation.ts'

test('an installation stays what it was founded as', async () => {
  await withCore(async (core) => {
    const { configuration } = core.means
    assert.deepEqual(await found(configuration, core), core.installation)
    for (const other of [
      { environment: 'production' },
      { publicUrl: 'http://pki.example.com' },
      { maker: 'Acme' },
    ] as const) {
      const changed = { ...configuration, ...other }
      await assert.rejects(found(changed, core), { code: 'configuration-wrong' })
    }
  })
})

test('a trial says so in every authority, and ends in 90 days', async () => {
  await withCore(async (core) => {
    assert.deepEqual(
      core.doors.own.map(({ name, algorithm, environment }) => [name, algorithm, environment]),
      [
        ['issuing-1', 'p-256', 'trial'],
        ['root', 'p-384', 'trial'],
      ],
    )
    for (const { certificate, createdAt, notAfter } of core.doors.own) {
      assert.match(formatName(parseCertificate(certificate).subject), /TRIAL/)
      assert.ok(createdAt.until(notAfter).total('hours') <= 90 * 24)
    }
  })
})

test('the maker of the first start stands in every authority, with the mark of a trial', () =>
  withCore(
    async (core) => {
      for (const { certificate } of core.doors.own)
        assert.match(formatName(parseCertificate(certificate).subject), /O=Acme Medical TRIAL/)
      assert.deepEqual(await found(core.means.configuration, core), core.installation)
    },
    ({ configuration }) => ({ configuration: { ...configuration, maker: 'Acme Medical' } }),
  ))

test('the authorities are found again, not made anew', async () => {
  await withCore(async (core) => {
    const count = () => core.ledger.count('certificate', {})
    const before = await count()
    // As after a crash before the last commit of founding: the setting alone is missing.
    const unfounded: typeof core.ledger = {
      ...core.ledger,
      find: async (kind, key, values) =>
        kind === 'setting' ? undefined : core.ledger.find(kind, key, values),
      commit: async () => ({ kind: 'committed' }),
    }
    await found(core.means.configuration, { ...core, ledger: unfounded })
    assert.equal(await count(), before)
  })
})
