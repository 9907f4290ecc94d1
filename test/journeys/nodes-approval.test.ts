// SPDX-License-Identifier: Apache-2.0
/** Requests that wait for a person, with two servers on one database: one list, one yes, one certificate. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { recoverReserved } from '#core/authority/abandon.ts'
import { approveRequest } from '#core/enrolment/approval/decide-request.ts'
import type { PendingRequest, Product } from '#core/ledger/tables.ts'
import { parseCrl } from '#format/x509/crl.ts'
import type { House } from '#house/house.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  type Answer,
  certificateIn,
  fetchStatus,
  heardElsewhere,
  nodeDirectory,
  openTestHouse,
  postEst,
  requestBy,
  sharedWords,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { type PostgresPlace, postgresPlace, withoutPostgres } from '../support/postgres.ts'
import { changeProfile, manual } from '../support/profiles.ts'
import { expectDevice } from '../support/refusing.ts'

const operator = { kind: 'person', id: 'psn_test' } as const

let place: PostgresPlace
let one: TestHouse
let other: TestHouse
let pump: Product

before(
  async () => {
    if (withoutPostgres) return
    place = await postgresPlace()
    const open = () => openTestHouse(nodeDirectory(), {}, sharedWords(place.url))
    one = await open()
    other = await open()
    pump = await withProduct(one)
    const heard = heardElsewhere(other, 'profile-applied')
    await changeProfile(one.core, manual)
    await heard
  },
  { timeout: 60_000 },
)
after(async () => {
  if (withoutPostgres) return
  await Promise.all([one.stop(), other.stop()])
  assert.deepEqual([...one.troubles, ...other.troubles], [])
  await place.remove()
})

interface Waiting {
  readonly device: string
  /** Sends the same bytes with the same code to a node. */
  post(node: Pick<House, 'addresses' | 'core'>): Promise<Answer>
}

async function expected(serial: string): Promise<Waiting> {
  const { user, code, device } = await expectDevice(one, pump, serial)
  const request = await requestBy(await generateKey('p-256'))
  // What is verified and where the devices' port is: nothing else is asked of a house.
  const post: Waiting['post'] = (node) =>
    postEst(node as House, 'simpleenroll', request, { user, code })
  return { device: device.id, post }
}

async function rowsOf({ core }: House, device: string): Promise<readonly PendingRequest[]> {
  const { items } = await core.ledger.list('request', {
    ...{ by: 'device', equal: [device], limit: 10 },
  })
  return items
}

async function approveAt(node: House, device: string): Promise<PendingRequest> {
  const [row, ...more] = await rowsOf(node, device)
  assert.ok(row !== undefined && more.length === 0, 'one wish has one row')
  const decided = await approveRequest(row, undefined, operator, node.core)
  return decided.kind === 'decided' ? decided.record : assert.fail(decided.detail)
}

async function certificatesOf({ core }: House, device: string) {
  const { items } = await core.ledger.list('certificate', {
    ...{ by: 'owner', equal: [device], limit: 10 },
  })
  return items
}

const onBoth = { skip: withoutPostgres, timeout: 60_000 } as const

test(
  'a request at both nodes is one on the list, and a yes at one is one certificate at both',
  onBoth,
  async () => {
    for (const [index, decider] of [one, other, one, other].entries()) {
      const { device, post } = await expected(`BOTH-${index}`)
      const first = await Promise.all([post(one), post(other), post(one), post(other)])
      for (const { status, body } of first) assert.equal(status, 202, body)
      await approveAt(decider, device)
      const posts = () => Promise.all([post(one), post(other), post(one), post(other)])
      let answers = await posts()
      // Who came second while the first was signed may be told to come again, as devices do.
      while (answers.some(({ status }) => status === 503)) answers = await posts()
      const certificates = answers.map((answer) => certificateIn(answer).toHex())
      assert.equal(new Set(certificates).size, 1)
      assert.equal((await certificatesOf(one, device)).length, 1)
      assert.equal((await rowsOf(other, device))[0]?.state, 'answered')
    }
  },
)

test('a yes at one node is seen by the next post at the other', onBoth, async () => {
  for (const [index, decider] of [one, other].entries()) {
    const { device, post } = await expected(`SEEN-${index}`)
    assert.equal((await post(decider)).status, 202)
    await approveAt(decider, device)
    certificateIn(await post(decider === one ? other : one))
  }
})

test(
  'of two people who decide at once at two nodes one is heard, the other told',
  onBoth,
  async () => {
    const { device, post } = await expected('DECIDED')
    assert.equal((await post(one)).status, 202)
    const [row] = await rowsOf(one, device)
    assert.ok(row)
    const decisions = await Promise.all(
      [one, other].map(({ core }) => approveRequest(row, undefined, operator, core)),
    )
    assert.deepEqual(decisions.map(({ kind }) => kind).toSorted(), ['decided', 'refused'])
  },
)

for (const moment of ['before', 'after'] as const) {
  test(
    `a node killed ${moment} it signs what was approved leaves one certificate to the other`,
    onBoth,
    async () => {
      const { device, post } = await expected(`KILLED-${moment}`)
      const child = await openChild()
      try {
        assert.equal((await post(child)).status, 202)
        const { id } = await approveAt(other, device)
        await child.dies(moment)
        await assert.rejects(post(child), { code: 'ECONNRESET' })
        await child.ended
        // The one that was booked is in the way until it is given up.
        assert.equal((await post(one)).status, 503)
        const heard = heardElsewhere(other, 'certificate-abandoned')
        // What the recovery job does two minutes later.
        assert.equal(await recoverReserved(one.core, one.core.clock.now()), 1)
        await heard
        const certificate = certificateIn(await post(other))
        assert.deepEqual(certificateIn(await post(one)), certificate)

        const [good, cut, ...more] = (await certificatesOf(one, device)).toSorted((left, right) =>
          right.state.localeCompare(left.state),
        )
        assert.deepEqual([good?.state, cut?.state, more.length], ['issued', 'abandoned', 0])
        assert.equal((await one.core.ledger.read('request', id))?.certificate, good?.id)
        for (const node of [one, other]) {
          const { body } = await fetchStatus(node, '/crl/issuing-1.crl')
          const serials = [...parseCrl(body).revoked].map((entry) => entry.serialNumber.toHex())
          assert.ok(serials.includes(cut?.serialNumber.toHex() ?? ''))
          assert.ok(!serials.includes(good?.serialNumber.toHex() ?? ''))
        }
      } finally {
        child.kill()
      }
    },
  )
}

test(
  'a node killed before its answer leaves has the other give the very certificate',
  onBoth,
  async () => {
    const { device, post } = await expected('KILLED-booked')
    const child = await openChild()
    try {
      assert.equal((await post(child)).status, 202)
      await approveAt(one, device)
      await child.dies('booked')
      await assert.rejects(post(child), { code: 'ECONNRESET' })
      await child.ended
      const certificate = certificateIn(await post(other))
      assert.deepEqual(certificateIn(await post(one)), certificate)
      assert.equal((await certificatesOf(one, device)).length, 1)
    } finally {
      child.kill()
    }
  },
)

/** A third node, in a process of its own, that can be killed. */
async function openChild() {
  const script = new URL('support/node-child.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, nodeDirectory(), place.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { value } = await lines.next()
  return {
    core: one.core,
    addresses: { ...one.addresses, devices: JSON.parse(value ?? '{}').devices },
    ended,
    /** It will be cut off at its next certificate. */
    dies: async (moment: 'before' | 'after' | 'booked') => {
      child.stdin.write(`${moment}\n`)
      assert.equal((await lines.next()).value, 'dying')
    },
    kill: () => child.kill('SIGKILL'),
  }
}
