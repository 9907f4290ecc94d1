// SPDX-License-Identifier: Apache-2.0
/**
 * A registration authority killed before each step of an enrolment that its upstream signs: whatever was
 * asked, the device gets one certificate, and its upstream signed one.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { enrol } from '#core/enrolment/enrol.ts'
import type { Outcome } from '#core/enrolment/request.ts'
import type { Product } from '#core/ledger/tables.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import { openTestHouse, type TestHouse, temporaryDirectory, withProduct } from '../support/house.ts'
import {
  addUpstreamHouse,
  expectBoth,
  letAsk,
  registrationAuthority,
  signElsewhere,
  type Wish,
  wishOf,
} from '../support/upstream.ts'

const child = new URL('house-child.ts', import.meta.url).pathname
/** More than an enrolment has steps. */
const mostSteps = 14

let headquarters: TestHouse
let theirs: Product
let directory: string
const wishes: Wish[] = []

before(async () => {
  headquarters = await openTestHouse()
  theirs = await withProduct(headquarters)
  const house = await openTestHouse()
  const pump = await withProduct(house)
  const authority = await registrationAuthority()
  await letAsk(headquarters, theirs, authority)
  await addUpstreamHouse(house, headquarters, authority)
  await signElsewhere(house)
  for (let count = 0; count <= mostSteps; count++)
    wishes.push(
      await wishOf(await expectBoth([house, pump], [headquarters, theirs], `CRASH-${count}`)),
    )
  await house.stop()
  directory = house.directory
})
after(async () => {
  await headquarters.stop()
  assert.deepEqual(headquarters.troubles, [])
})

/** A copy of the prepared directory, so that each step starts from the same. */
function copied(): string {
  const copy = temporaryDirectory()
  cpSync(directory, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
  return copy
}

/** Runs the enrolment until it dies at the step; gives what it printed before that. */
async function run(where: string, step: number, { serial, code, request }: Wish): Promise<string> {
  const detail = Buffer.from(JSON.stringify({ serial, code, request: request.toBase64() }))
  const words = ['--disable-warning=ExperimentalWarning', child, where, 'enrol', String(step)]
  const killed = spawn(process.execPath, [...words, detail.toString('base64')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  killed.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const [status, signal] = await once(killed, 'close')
  assert.ok(signal === 'SIGKILL' || status === 0, `${signal} ${status}`)
  return printed
}

test('a crash at any step leaves one certificate, here and there', async () => {
  const [first, ...others] = wishes
  const steps = Number(/after (\d+) steps/.exec(await run(copied(), 0, first!))?.[1])
  assert.ok(steps >= 3 && steps <= mostSteps, `${steps} steps`)
  for (const [at, wish] of others.slice(0, steps).entries()) {
    const step = at + 1
    const where = copied()
    assert.equal(await run(where, step, wish), '', `step ${step} dies`)
    await finish(where, wish, `after step ${step}`)
  }
})

async function finish(where: string, wish: Wish, when: string): Promise<void> {
  // Whoever held the order is dead; two minutes later nobody believes that it lives.
  const clock = { now: () => Temporal.Now.instant().add({ minutes: 2 }) }
  const house = await openTestHouse(where, { clock })
  const { ledger } = house.core
  const outcome = await answered(house, wish)
  assert.equal(outcome.kind, 'issued', `${when}: ${JSON.stringify(outcome)}`)
  assert.equal(await issuedTo(house, wish.serial), 1, when)
  assert.equal(await issuedTo(headquarters, wish.serial), 1, `${when}, there`)
  assert.equal(await ledger.count('certificate', { by: 'state', equal: ['reserved'] }), 0, when)
  assert.equal(await ledger.count('upstreamOrder', { by: 'state', equal: ['open'] }), 0, when)
  const verified = await verifyExport(house.exportLog())
  assert.deepEqual(
    verified.findings.filter(({ severity }) => severity === 'wrong'),
    [],
    when,
  )
  await house.stop()
}

/** The job may be at the order at this very moment: then its event says when to ask again. */
async function answered(house: TestHouse, wish: Wish): Promise<Outcome> {
  const booked = Promise.withResolvers<void>()
  const unfollow = house.feed.follow(({ events }) => {
    if (events.some(({ type }) => type === 'certificate-issued')) booked.resolve()
  })
  const ask = () =>
    enrol(
      {
        ...{ protocol: 'est', operation: 'enrol', label: undefined, sourceAddress: '127.0.0.1' },
        request: wish.request,
        credential: { kind: 'code', user: wish.serial, code: wish.code },
      },
      house.core,
    )
  const outcome = await ask()
  if (outcome.kind === 'pending') await booked.promise
  unfollow()
  return outcome.kind === 'pending' ? ask() : outcome
}

async function issuedTo({ core }: TestHouse, serial: string): Promise<number> {
  const walk = { by: 'deviceSerial', equal: [serial], limit: 100 } as const
  const { items } = await core.ledger.list('certificate', walk)
  return items.filter(({ state }) => state === 'issued').length
}
