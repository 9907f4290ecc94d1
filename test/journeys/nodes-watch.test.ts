// SPDX-License-Identifier: Apache-2.0
/** Watching with two servers on one database: either looks, both tell, and each has its way in. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import type { Product } from '#core/ledger/tables.ts'
import { watchOnce } from '#core/watch/watch.ts'
import {
  enrolled,
  nodeDirectory,
  openTestHouse,
  postEst,
  renewalBy,
  sharedWords,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { type PostgresPlace, postgresPlace, withoutPostgres } from '../support/postgres.ts'

const run = promisify(execFile)
let ahead = Temporal.Duration.from({ hours: 0 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }
/** Jobs run once at the start, and then only when a test runs them. */
const wait = (_: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))

let place: PostgresPlace
let one: TestHouse
let other: TestHouse
let pump: Product
const directories: string[] = []

async function openNode(): Promise<TestHouse> {
  const directory = nodeDirectory()
  directories.push(directory)
  return openTestHouse(directory, { clock, wait }, sharedWords(place.url))
}

before(
  async () => {
    if (withoutPostgres) return
    place = await postgresPlace()
    one = await openNode()
    other = await openNode()
    pump = await withProduct(one)
  },
  { timeout: 60_000 },
)
after(async () => {
  if (withoutPostgres) return
  await Promise.all([one.stop(), other.stop()])
  await place.remove()
})

/** A browser that opens the link at a node's operators' port. */
function joinAt({ addresses }: TestHouse, token: string, passphrase: string): Promise<Response> {
  const origin = `http://127.0.0.1:${addresses.operators.port}`
  return fetch(`${origin}/api/v1/people/join`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ token, passphrase }),
  })
}

const onBoth = { skip: withoutPostgres, timeout: 120_000 } as const
const look = (node: TestHouse) => watchOnce(node.core, new AbortController().signal)

async function alarmsAt(node: TestHouse): Promise<readonly string[]> {
  const { document } = await askLocal(node, 'GET', '/alarms')
  return document.items
    .map(({ kind }: { kind: string }) => kind)
    .filter((kind: string) => kind.startsWith('renewal'))
    .toSorted()
}

test(
  'what one node looked at, another goes on from; both tell of it, and of its end',
  onBoth,
  async () => {
    const device = await enrolled(one, pump, 'PUMP-1')
    await look(one)
    assert.deepEqual(await alarmsAt(other), [])
    const { items } = await one.core.ledger.list('certificate', {
      ...{ by: 'deviceSerial', prefix: 'PUMP-1', limit: 1 },
    })
    const [{ notBefore, notAfter } = assert.fail()] = items
    ahead = Temporal.Duration.from({
      hours: Math.ceil(notAfter.since(notBefore).total('hours') * 0.82),
    })
    await Promise.all([look(one), look(other)])
    for (const node of [one, other])
      assert.deepEqual(await alarmsAt(node), ['renewal-missed', 'renewals-missed'])
    const renewal = await renewalBy(device.key, device.certificate)
    const answer = await postEst(other, 'simplereenroll', renewal, { credential: device })
    assert.equal(answer.status, 200, answer.body)
    await look(other)
    for (const node of [one, other]) assert.deepEqual(await alarmsAt(node), [])
    await one.sequence()
    const raised = await askLocal(one, 'GET', '/log?type=alarm-raised')
    const told = raised.document.items.filter(
      ({ facts }: { facts: { kind: string } }) => facts.kind === 'renewals-missed',
    )
    assert.equal(told.length, 1, 'two nodes that look at once say it once')
  },
)

test(
  'the machine of a node whose server is down makes a way in, and the other node opens it',
  onBoth,
  async () => {
    ahead = Temporal.Duration.from({ hours: 0 })
    const [directory = assert.fail()] = directories
    await one.stop()
    const words = ['bin/vitalsign.ts', 'person', 'restore', 'Ada', '--data', directory]
    const restore = () => run(process.execPath, ['--disable-warning=ExperimentalWarning', ...words])
    // The database was named on the command line of the server alone: the command does not know of it.
    writeFileSync(join(directory, 'keys', '.keep'), '')
    await assert.rejects(restore, /has keys and no ledger.*name "database"/s)
    assert.equal(existsSync(join(directory, 'ledger.sqlite')), false, 'nothing was founded')
    rmSync(join(directory, 'keys', '.keep'))

    const local = { listen: '127.0.0.1:0', 'operator-listen': '127.0.0.1:0' }
    const file = { ...local, 'status-listen': '127.0.0.1:0', database: place.url }
    const settings = JSON.stringify({ ...file, 'public-url': 'http://pki.test' })
    writeFileSync(join(directory, 'vitalsign.json'), settings)
    const { stdout } = await restore()
    const [, token] = /#join=([A-Za-z0-9_-]{43})$/m.exec(stdout) ?? assert.fail(stdout)
    const passphrase = 'copper window seven harvest'
    const joined = await joinAt(other, token ?? '', passphrase)
    assert.equal(joined.status, 200, await joined.text())
    const { document } = await askLocal(other, 'GET', '/alarms?kind=break-glass-used')
    assert.equal(document.items.length, 1)
    one = await openTestHouse(directory, { clock, wait }, sharedWords(place.url))
  },
)
