// SPDX-License-Identifier: Apache-2.0
/** What anybody reads, over kept connections, beside a node:http server that answers as many bytes. */
import { startBare } from './tools/bare.ts'
import { benchDirectory, openBenchHouse } from './tools/bench-house.ts'
import { LoadGenerator } from './tools/load.ts'
import { median, type Row } from './tools/row.ts'
import { startServing } from './tools/serving.ts'
import { printRows } from './tools/table.ts'

export interface StatusOptions {
  readonly rounds: number
  readonly count: number
  readonly clients: number
}

export async function benchStatus({ rounds, count, clients }: StatusOptions): Promise<Row[]> {
  const directory = benchDirectory()
  const house = await openBenchHouse('p-256', directory)
  const { core } = house
  // Events for a full tile of the log.
  for (let left = 300; left > 0; left--)
    await core.ledger.commit({
      puts: [],
      events: [
        {
          ...{ type: 'device-added', at: core.clock.now(), actor: { kind: 'house', id: 'bench' } },
          ...{ subjects: [], facts: {} },
        },
      ],
    })
  await house.sequence()
  await house.close()
  const serving = await startServing(directory)
  const generator = new LoadGenerator()
  try {
    const rows: Row[] = []
    for (const [what, path] of [
      ['CRL', '/crl/issuing-1.crl'],
      ['log tile', '/log/tile/0/000'],
      ['issuer certificate', '/ca/issuing-1.crt'],
    ] as const) {
      const answer = await fetch(`http://127.0.0.1:${serving.status}${path}`)
      const bytes = (await answer.bytes()).length
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`)
      const bare = await startBare({ bytes })
      const requests = Array.from(
        { length: count },
        () => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
      )
      const load = { kind: 'http', clients, requests } as const
      const taken: { own: number; limit: number }[] = []
      for (let round = 0; round <= rounds; round++) {
        const limit = await generator.bear({ ...load, port: bare.port })
        const own = await generator.bear({ ...load, port: serving.status })
        if (own.errors > 0) throw new Error(`${path}: ${own.firstError}`)
        if (round > 0) taken.push({ own: count / own.seconds, limit: count / limit.seconds })
      }
      bare.stop()
      const middle = median(taken.map(({ own, limit }) => own / limit))
      const { own, limit } = taken.find(({ own, limit }) => own / limit === middle)!
      rows.push({
        name: `status GET, ${what}`,
        value: Math.round(own),
        unit: '/s',
        limit: { name: 'bare node:http', value: Math.round(limit) },
        goal: 0.7,
        note: `${bytes} bytes, ${clients} kept connections`,
      })
    }
    return rows
  } finally {
    generator.stop()
    await serving.stop()
  }
}

if (import.meta.main) printRows(await benchStatus({ rounds: 3, count: 4_000, clients: 32 }))
