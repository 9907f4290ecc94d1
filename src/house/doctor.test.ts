// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { test } from 'node:test'
import { addPump, type TestCore, withCore } from '../../test/support/core.ts'
import { changeProfile } from '../../test/support/profiles.ts'
import { stored } from '../../test/support/releases.ts'
import { examine } from './doctor.ts'

/** Check -> verdict. */
async function verdicts(core: TestCore, production = false): Promise<Record<string, string>> {
  const found = await examine(core, core.means.configuration, { production })
  assert.ok(found.every(({ verdict, remedy }) => (verdict === 'good') === (remedy === null)))
  return Object.fromEntries(found.map(({ check, verdict }) => [check, verdict]))
}

test('a fresh installation lacks its administrator alone', async () => {
  await withCore(async (core) => {
    chmodSync(core.means.configuration.data, 0o700)
    const { 'free space': _, ...rest } = await verdicts(core)
    assert.deepEqual(rest, {
      'data directory': 'good',
      authorities: 'good',
      entrances: 'good',
      'keys made by the server': 'good',
      'attested keys': 'good',
      'weak keys': 'good',
      'lists of weak keys': 'good',
      artefacts: 'good',
      'revocation lists': 'good',
      'status files': 'good',
      OCSP: 'good',
      upstreams: 'good',
      integrations: 'good',
      'chip makers': 'good',
      clock: 'good',
      recovery: 'good',
      TLS: 'good',
      administrator: 'warning',
      restores: 'good',
    })
  })
})

test('an ending authority is a warning, an ended one is bad', async () => {
  await withCore(async (core) => {
    core.clock.pass({ hours: 70 * 24 })
    assert.equal((await verdicts(core))['authorities'], 'warning')
    core.clock.pass({ hours: 30 * 24 })
    assert.equal((await verdicts(core))['authorities'], 'bad')
  })
})

test('an entrance that gives keys made by the server is a warning that names it', async () => {
  await withCore(async (core) => {
    await addPump(core)
    const because = 'the controller has no source of chance'
    await changeProfile(core, { serverKeys: { algorithms: ['p-256'], because } })
    const found = await examine(core, core.means.configuration, { production: false })
    const check = found.find((one) => one.check === 'keys made by the server')
    assert.equal(check?.verdict, 'warning')
    assert.equal(check?.found, 'entrance pump: p-256')
  })
})

test('a clock behind and an open directory are bad', async () => {
  await withCore(async (core) => {
    core.clock.pass({ hours: -1 })
    chmodSync(core.means.configuration.data, 0o755)
    const found = await verdicts(core)
    assert.deepEqual([found['clock'], found['data directory']], ['bad', 'bad'])
  })
})

test('a trial is told what stands between it and real devices', async () => {
  await withCore(async (core) => {
    const found = await verdicts(core, true)
    assert.equal(found['environment'], 'bad')
    assert.equal(found['public address'], 'bad')
    assert.equal(found['strength of the passphrase'], 'warning')
    assert.equal(found['root directory'], 'warning')
    assert.equal(found['FIPS 140-3'], 'warning')
  })
})

test('octets that the ledger knows and that are not here are told, with one of them by name', () =>
  withCore(async (core) => {
    const digest = await stored(core, 'an image')
    const found = async () =>
      (await examine(core, core.means.configuration, { production: false })).find(
        ({ check }) => check === 'artefacts',
      )
    assert.equal((await found())?.found, '1 artefacts are here')
    await core.artefacts.remove(digest, async () => false)
    const gone = await found()
    assert.equal(gone?.verdict, 'bad')
    assert.match(gone?.found ?? '', new RegExp(digest.toHex()))
  }))
