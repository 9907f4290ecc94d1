// SPDX-License-Identifier: Apache-2.0
/**
 * Two servers on one database while devices enrol and renew: one is started again, the other is killed
 * while it signs, then the database itself is started again. What was acknowledged is there, once.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { recoverReserved } from '#core/authority/abandon.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import { nodeDirectory, openTestHouse, sharedWords } from '../support/house.ts'
import { ownCluster, postgresPlace, withoutPostgres } from '../support/postgres.ts'
import { demandWhole, Fleet } from './support/fleet.ts'

test('nodes come and go, and the database too, and no acknowledged certificate is lost or double', {
  skip: withoutPostgres,
  timeout: 120_000,
}, async () => {
  const cluster = await ownCluster()
  const place = await postgresPlace({ on: cluster })
  const here = nodeDirectory()
  const openHere = () => openTestHouse(here, {}, sharedWords(place.url))
  let one = await openHere()
  const child = await openChild(nodeDirectory(), place.url)
  const fleet = new Fleet(one)
  try {
    await fleet.begin(one)
    fleet.serves('one', one.addresses.devices)
    fleet.serves('child', child.devices)
    await fleet.more(40)

    // A rolling restart: no request fails.
    fleet.forgives = 'nothing'
    for (let times = 0; times < 2; times++) {
      await one.stop()
      await fleet.more(20)
      one = await openHere()
      fleet.serves('one', one.addresses.devices)
      await fleet.more(20)
    }

    // The other is cut off while it signs.
    fleet.forgives = 'cuts'
    const ended = once(child.process, 'exit')
    child.process.stdin?.write('die\n')
    assert.deepEqual(await ended, [null, 'SIGKILL'])
    await fleet.settled()
    const killedAt = one.core.clock.now()
    // What the recovery job does two minutes later.
    assert.ok((await recoverReserved(one.core, killedAt)) >= 1)
    await fleet.more(20)

    // The database is cut off, and comes back.
    await cluster.stop('immediate')
    await cluster.start()
    await fleet.more(40)
    await fleet.end()
    // Signatures that could not be booked while the database was away are left for the job, too.
    await recoverReserved(one.core, one.core.clock.now())

    assert.ok((await demandWhole(one, fleet)) >= 1, 'nobody was cut off while signing')
    const running = (await one.core.thisNode.running()).map(({ name }) => name)
    assert.deepEqual(running.toSorted(), [child.node, one.core.node].toSorted())
  } finally {
    await fleet.end().catch(() => {}) // told above already
    child.process.kill('SIGKILL')
    await one.stop().catch(() => {})
    await cluster.remove()
  }
})

interface Child {
  readonly process: ChildProcess
  readonly node: string
  readonly devices: ListenAddress
}

async function openChild(directory: string, database: string): Promise<Child> {
  const script = new URL('support/node-child.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, directory, database], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => assert.fail('the other node did not start')),
  ])
  return { process: child, ...JSON.parse(String(line)) }
}
