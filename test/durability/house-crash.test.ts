// SPDX-License-Identifier: Apache-2.0
/**
 * The house killed before each step of founding, enrolling and revoking: what the next
 * start finds is whole, and the device gets exactly one certificate that counts.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { enrol } from '#core/enrolment/enrol.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import { carryOut } from '#core/revocation/acts/carry-out.ts'
import { sameBytes } from '#format/bytes.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { generateKey } from '#trust/private-key.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import { depthOfRun } from '../fuzz/random.ts'
import {
  enrolled,
  openTestHouse,
  requestBy,
  type TestHouse,
  temporaryDirectory,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'

const child = new URL('house-child.ts', import.meta.url).pathname

/** Runs the act until it dies at the step; gives what it printed before that. */
function run(directory: string, act: string, step: number, detail = ''): string {
  const words = [
    '--disable-warning=ExperimentalWarning',
    child,
    directory,
    act,
    String(step),
    detail,
  ]
  const options = { encoding: 'utf8', timeout: 60_000 } as const
  const { stdout, stderr, signal, status } = spawnSync(process.execPath, words, options)
  assert.ok(signal === 'SIGKILL' || status === 0, stderr)
  return stdout
}

/** A copy of a prepared directory, so that each step starts from the same. */
function copyOf(directory: string): string {
  const copy = temporaryDirectory()
  cpSync(directory, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
  return copy
}

/** What holds after every crash: nothing reserved, log and ledger match, abandoned ones are listed. */
async function checkWhole(house: TestHouse): Promise<void> {
  const { core } = house
  assert.equal(await core.ledger.count('certificate', { by: 'state', equal: ['reserved'] }), 0)
  const { items } = await core.ledger.list('certificate', {
    by: 'state',
    equal: ['abandoned'],
    limit: 100,
  })
  for (const abandoned of items) {
    const authority = await core.ledger.read('authority', abandoned.authority)
    if (authority === undefined) continue // a root or issuer whose own founding was cut off
    const crl = await core.shelf.read(authority.name, -1)
    assert.ok(crl !== undefined)
    const listed = [...parseCrl(crl.der).revoked].some(({ serialNumber }) =>
      sameBytes(serialNumber, abandoned.serialNumber),
    )
    assert.ok(listed, `${abandoned.id} is on the CRL`)
  }
  const verified = await verifyExport(house.exportLog())
  assert.deepEqual(
    verified.findings.filter(({ severity }) => severity === 'wrong'),
    [],
  )
}

let prepared: {
  directory: string
  detail: string
  serial: string
  code: string
  request: Uint8Array
}
let withCertificate: { directory: string; id: string }

before(async () => {
  const directory = temporaryDirectory()
  const house = await openTestHouse(directory)
  const product = await withProduct(house)
  const device = await withDevice(house, product, 'CRASH-1')
  const code = await withCode(house, device)
  const request = await requestBy(await generateKey('p-256'))
  await house.stop()
  const detail = Buffer.from(
    JSON.stringify({ serial: 'CRASH-1', code, request: request.toBase64() }),
  ).toString('base64')
  prepared = { directory, detail, serial: 'CRASH-1', code, request }

  const other = await openTestHouse()
  const unit = await enrolled(other, await withProduct(other), 'CRASH-2')
  const { items } = await other.core.ledger.list('certificate', {
    by: 'owner',
    equal: [unit.device.id],
    limit: 1,
  })
  await other.stop()
  withCertificate = { directory: other.directory, id: items[0]?.id ?? '' }
})

test('a crash at any step of an enrolment leaves the device able to get one certificate', async () => {
  const steps = stepsOf(run(copyOf(prepared.directory), 'enrol', 0, prepared.detail))
  assert.ok(steps >= 3, `${steps} steps`)
  for (let step = 1; step <= steps; step++) {
    const directory = copyOf(prepared.directory)
    assert.equal(run(directory, 'enrol', step, prepared.detail), '', `step ${step} dies`)
    const house = await openTestHouse(directory)
    await checkWhole(house)
    const outcome = await enrol(
      {
        ...{ protocol: 'est', operation: 'enrol', label: undefined, sourceAddress: '127.0.0.1' },
        request: prepared.request,
        credential: { kind: 'code', user: prepared.serial, code: prepared.code },
      },
      house.core,
    )
    assert.equal(outcome.kind, 'issued', `after step ${step}: ${JSON.stringify(outcome)}`)
    const device = await house.core.ledger.list('device', { limit: 1 })
    const { items } = await house.core.ledger.list('certificate', {
      by: 'owner',
      equal: [device.items[0]?.id],
      limit: 10,
    })
    assert.equal(items.filter(({ state }) => state === 'issued').length, 1, `after step ${step}`)
    await checkWhole(house)
    await house.stop()
  }
})

test('a crash at any step of a revocation leaves it done or undone, never half', async () => {
  const { directory, id } = withCertificate
  const steps = stepsOf(run(copyOf(directory), 'revoke', 0, id))
  for (let step = 1; step <= steps; step++) {
    const copy = copyOf(directory)
    run(copy, 'revoke', step, id)
    const house = await openTestHouse(copy)
    const record = await house.core.ledger.read('certificate', id)
    assert.equal(record?.state, step === 1 ? 'issued' : 'revoked', `after step ${step}`)
    const authority = await house.core.ledger.read('authority', record?.authority ?? '')
    const crl = await house.core.shelf.read(authority?.name ?? '', -1)
    const listed = [...parseCrl(crl?.der ?? new Uint8Array()).revoked].length
    assert.equal(listed, step === 1 ? 0 : 1, `the CRL after step ${step}`)
    await checkWhole(house)
    await house.stop()
  }
})

test('what a crash cuts off between the parts of a large revocation is ended after the next start', async () => {
  const { directory, id } = withCertificate
  const many = copyOf(directory)
  const before = await openTestHouse(many)
  const like = (await before.core.ledger.read('certificate', id)) ?? assert.fail('no certificate')
  const puts = Array.from({ length: 500 }, (): Put => {
    const fresh = { id: newId('certificate', before.core), version: 1, sha256: null }
    const serialNumber = before.core.random.bytes(16).with(0, 0x40)
    return { kind: 'certificate', record: { ...like, ...fresh, serialNumber } }
  })
  await before.core.ledger.commit({ puts, events: [] })
  await before.stop()
  // Asked, three parts, in force: before the second part the power goes.
  assert.equal(run(many, 'end', 3, like.owner), '', 'it dies between two parts')
  const house = await openTestHouse(many)
  const { items } = await house.core.ledger.list('revocation', { limit: 9 })
  const act = items[0] ?? assert.fail('no act')
  const whole = await carryOut(act.id, house.core)
  assert.deepEqual([whole?.state, whole?.done], ['effective', 501])
  const revoked = { by: 'revocation', equal: [act.id], where: { state: 'revoked' } } as const
  assert.equal(await house.core.ledger.count('certificate', revoked), 501)
  await house.stop()
})

/** Founding takes sixty steps: each run tries every fifth of them, from one that chance picks; with DEPTH above 1 all. */
const stride = depthOfRun() === 1 ? 5 : 1

test('a crash at any step of the founding is healed by the next start', async () => {
  const steps = stepsOf(run(temporaryDirectory(), 'found', 0))
  for (let step = 1 + randomInt(stride); step <= steps; step += stride) {
    const directory = join(temporaryDirectory(), 'data')
    run(directory, 'found', step)
    const house = await openTestHouse(directory)
    await checkWhole(house)
    const own = house.core.doors.own.map(({ kind }) => kind)
    assert.deepEqual(own, ['issuing', 'root'], `after step ${step}`)
    await house.stop()
  }
})

function stepsOf(output: string): number {
  const steps = Number(/acknowledged after (\d+) steps/.exec(output)?.[1])
  assert.ok(steps > 0, output)
  return steps
}
