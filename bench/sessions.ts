// SPDX-License-Identifier: Apache-2.0
/**
 * From a person's request to hold a device back to the end of its MQTT session, at a real Mosquitto on the loopback.
 *
 * Beside it a bare kick, by an administrator who is connected already. All clients are in this process.
 */
import { connectAsync } from 'mqtt'
import { enrolled, openTestHouse, withProduct } from '../test/support/house.ts'
import { type JoinedMosquitto, joinMosquitto } from '../test/support/joined-mosquitto.ts'
import { askLocal } from '../test/support/local-door.ts'
import { withoutMosquitto } from '../test/support/mosquitto.ts'
import { type MqttDevice, openDevice } from '../test/support/mqtt-device.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

type Pump = Awaited<ReturnType<typeof enrolled>>

/** @param known clients that the plugin knows besides */
export async function benchSessions(asked: {
  readonly rounds: number
  readonly known: number
}): Promise<Row[]> {
  if (withoutMosquitto !== false) throw new Error(withoutMosquitto)
  const { rounds, known } = asked
  const house = await openTestHouse()
  const clients = Array.from({ length: known }, (_, index) => `OTHER-${index}`)
  const joined = await joinMosquitto(house, { clients })
  const bystanders: MqttDevice[] = []
  try {
    const product = await withProduct(house)
    const pumps: Pump[] = []
    for (let index = 0; index < rounds + 11; index++)
      pumps.push(await enrolled(house, product, `PUMP-${index}`))
    const open = (pump: Pump, index: number) =>
      openDevice(joined.broker.url, `pump-${index}`, pump, joined.trust)
    for (let index = 0; index < 10; index++) bystanders.push(await open(pumps[index]!, index))
    const ports = bystanders.map(({ port }) => port)
    const ended: number[] = []
    const confirmed: number[] = []
    for (let index = 10; index < pumps.length; index++) {
      const pump = pumps[index]!
      const session = await open(pump, index)
      const proof = new Promise<void>((resolve) => {
        const unfollow = house.feed.follow(({ puts }) => {
          if (
            !puts.some(({ kind, record }) => kind === 'enforcement' && record.state === 'confirmed')
          )
            return
          unfollow()
          resolve()
        })
      })
      const since = performance.now()
      const over = session.ended().then(() => performance.now() - since)
      const kept = proof.then(() => performance.now() - since)
      await askLocal(house, 'POST', `/devices/${pump.device.id}/quarantine`, { reason: 'a bench' })
      // The first one opens the connection to the broker.
      if (index > 10) {
        ended.push(await over)
        confirmed.push(await kept)
      }
      await Promise.all([over, kept])
    }
    if (bystanders.some(({ isLive, port }, index) => !isLive || port !== ports[index]))
      throw new Error('a bystander lost its connection')
    const bare = await bareKicks(rounds, pumps[0]!, joined)
    const where = `${rounds} pumps one after the other, ${known} other clients known to the plugin`
    const note = `${where}; 10 bystanders keep their sockets`
    const limit = { name: 'bare kick', value: tenths(median(bare)) }
    return [
      { name: 'request to ended session, median', value: tenths(median(ended)), limit },
      { name: 'request to ended session, worst', value: tenths(Math.max(...ended)) },
      { name: 'request to proof in the ledger, median', value: tenths(median(confirmed)) },
      { name: 'request to proof in the ledger, worst', value: tenths(Math.max(...confirmed)) },
    ].map((row) => ({ ...row, unit: 'ms', note }))
  } finally {
    for (const one of bystanders) one.close()
    await house.stop()
    await joined.broker.remove()
  }
}

/** An administrator's disableClient to the end of the session, with nothing of ours between. */
async function bareKicks(
  rounds: number,
  pump: Pump,
  { broker, trust, administrator }: JoinedMosquitto,
): Promise<readonly number[]> {
  const client = await connectAsync(broker.url, { ...administrator, ca: trust.roots })
  const taken: number[] = []
  for (let round = 0; round < rounds; round++) {
    const session = await openDevice(broker.url, 'bare', pump, trust)
    const [username, topic] = ['PUMP-0', '$CONTROL/dynamic-security/v1']
    // As ours does: somebody whom the plugin did not know.
    const commands = ['createClient', 'disableClient'].map((command) => ({ command, username }))
    const since = performance.now()
    client.publish(topic, JSON.stringify({ commands }))
    await session.ended()
    taken.push(performance.now() - since)
    const forgetting = JSON.stringify({ commands: [{ command: 'deleteClient', username }] })
    await client.publishAsync(topic, forgetting, { qos: 1 })
  }
  client.end(true)
  return taken
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}

if (import.meta.main) {
  printRows(await benchSessions({ rounds: 100, known: 0 }))
  printRows(await benchSessions({ rounds: 30, known: 10_000 }))
}
