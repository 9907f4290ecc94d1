// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makingPut } from '#core/authority/key-making.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { Key } from '#core/ledger/tables.ts'
import { encodeKeyMaking, type KeyMaking } from '#format/est/key-making.ts'
import { openStore } from '../store/open-store.ts'
import { claimed, type TestHouse, withHouse } from './admin-testing.ts'

const raw: KeyMaking = {
  source: '/dev/hwrng',
  client: 'vitalsign-device 0.1.0',
  tests: {
    ...{ samples: 1_024, symbolBits: 8, claimedMillibits: 1_500, alphaExponent: 30 },
    ...{ window: 512, failuresBefore: 1 },
  },
  kernelReady: undefined,
  firmware: 'pump-os 4',
}
const conditioned = { ...raw, source: 'getrandom', tests: undefined, kernelReady: true }

/** A key of a device in the ledger, with what was said of it, if anything was. */
async function book(house: TestHouse, owner: string, said: KeyMaking | undefined, algorithm = '') {
  const { ports, ledger } = house
  ports.pass({ milliseconds: 1 }) // ids sort by time
  const key: Key = {
    ...{ id: newId('key', ports), version: 1, owner, purpose: 'working', environment: 'trial' },
    ...{ fingerprint: ports.random.bytes(32), spki: new Uint8Array([5, 0]), bits: 256 },
    ...{ algorithm: algorithm || 'p-256', origin: 'device', protection: 'unknown' },
    ...{ attested: false, exportable: null, state: 'active', moduleCertificate: null },
    ...{ custody: null, activatedAt: ports.clock.now(), deactivateAt: null },
  }
  const puts: Put[] = [{ kind: 'key', record: key }]
  if (said !== undefined)
    puts.push(makingPut(key, { statement: said, der: encodeKeyMaking(said) }, ports))
  assert.equal((await ledger.commit({ puts, events: [] })).kind, 'committed')
  return key.id
}

test('keys are listed by what their devices say of how they were made, page by page', () =>
  withHouse(openStore, async (stage) => {
    const { house } = stage
    await house.addAuthority()
    const ada = await claimed(stage)
    const { product } = (await ada.ask('POST', '/products', { name: 'Pump' })).document
    const added = await ada.ask('POST', '/devices', { product: product.id, serial: 'PUMP-1' })
    const device = added.document.id
    const silent = await book(house, device, undefined)
    const tested = await book(house, device, raw)
    const older = await book(house, device, { ...raw, firmware: 'pump-os 3' }, 'p-384')
    const untested = await book(house, newId('device', house.ports), conditioned)

    const ids = async (filter: string) => {
      const found: string[] = []
      let after = ''
      do {
        const page = await ada.ask('GET', `/keys?limit=1${filter}${after}`)
        assert.equal(page.status, 200, page.text)
        found.push(...page.document.items.map(({ id }: { id: string }) => id))
        after = page.document.next === null ? '' : `&after=${page.document.next}`
      } while (after !== '')
      return found.sort()
    }
    const are = async (filter: string, ...expected: readonly string[]) =>
      assert.deepEqual(await ids(filter), [...expected].sort(), filter)
    await are(`&device=${device}`, silent, tested, older)
    await are(`&device=${device}&algorithm=p-384`, older)
    await are('&firmware=pump-os%204', tested, untested)
    await are('&firmware=pump-os%204&mode=conditioned', untested)
    await are('&source=%2Fdev%2Fhwrng', tested, older)
    await are('&mode=raw', tested, older)
    await are('&result=not-testable', untested)
    await are(`&result=passed&device=${device}`, tested, older)
    await are('&mode=raw&algorithm=p-384&state=active', older)
    await are('&firmware=none')

    const shown = (await ada.ask('GET', `/keys/${tested}`)).document
    assert.deepEqual(
      [shown.noiseSource, shown.noiseMode, shown.noiseResult, shown.kernelReady, shown.firmware],
      ['/dev/hwrng', 'raw', 'passed', null, 'pump-os 4'],
    )
    assert.deepEqual(shown.noiseTests, {
      ...{ samples: 1_024, symbolBits: 8, claimedBitsPerSample: 1.5, alphaExponent: 30 },
      ...{ window: 512, failuresBefore: 1 },
    })
    assert.equal(shown.statement, Buffer.from(encodeKeyMaking(raw)).toString('base64'))
    const quiet = (await ada.ask('GET', `/keys/${silent}`)).document
    assert.deepEqual([quiet.noiseSource, quiet.noiseTests, quiet.statement], [null, null, null])
    const other = (await ada.ask('GET', `/keys/${untested}`)).document
    assert.deepEqual([other.noiseTests, other.kernelReady], [null, true])

    const whole = (await ada.ask('GET', `/devices/${device}`)).document
    assert.deepEqual(
      whole.keys.map((key: Record<string, unknown>) => [key.id, key.firmware]),
      [
        [older, 'pump-os 3'],
        [tested, 'pump-os 4'],
        [silent, null],
      ],
    )
    const nobody = await ada.ask('GET', `/keys/key_${'0'.repeat(32)}`)
    assert.equal(nobody.document.code, 'not-found')
  }))
