// SPDX-License-Identifier: Apache-2.0
/**
 * EST over a fresh mutual TLS connection each: server, bare server and load generator are three processes.
 *
 * A client proves a key by TLS and brings a code for its device; the bare server only shakes hands.
 */

import { encodePem } from '#format/pem.ts'
import { makeTestAuthority } from '../test/tls-certificates.ts'
import { startBare } from './tools/bare.ts'
import { benchDirectory, type Expected, openBenchHouse } from './tools/bench-house.ts'
import { type Borne, LoadGenerator } from './tools/load.ts'
import { median, type Row } from './tools/row.ts'
import { giveScalarList } from './tools/scalar-list.ts'
import { startServing } from './tools/serving.ts'
import { printRows } from './tools/table.ts'

export interface EstOptions {
  readonly rounds: number
  /** Enrolments in a round. */
  readonly count: number
  /** Connections at a time. */
  readonly clients: number
  /** A PostgreSQL to keep the ledger in; absent: SQLite. */
  readonly database?: string
  /** The data directory of that ledger, if it is there already. */
  readonly store?: string
}

export async function benchEst(options: EstOptions): Promise<Row[]> {
  const { rounds, count, clients, database, store } = options
  const directory = store ?? benchDirectory()
  const words = database === undefined ? [] : ['--database', database]
  await giveScalarList(directory)
  const house = await openBenchHouse('p-256', directory, words)
  const expected = await house.expect(count * (rounds + 1))
  await house.close()
  const authority = await makeTestAuthority('Bench')
  const [server, client] = [await authority.issue('bench'), await authority.issue('client')]
  const identity = { key: server.key, chain: pem(server.chain) }
  const tls = { kind: 'tls', clients, key: client.key, certificate: pem(client.chain) } as const
  const serving = await startServing(directory, words)
  const bare = await startBare({ identity, bytes: 0 })
  const generator = new LoadGenerator()
  const atRest = serving.memory()
  let underLoad = atRest
  const watch = setInterval(() => {
    underLoad = Math.max(underLoad, serving.memory())
  }, 100)
  const taken: { est: Borne; limit: Borne }[] = []
  try {
    for (let round = 0; round <= rounds; round++) {
      const devices = expected.slice(round * count, (round + 1) * count)
      const limit = await generator.bear({
        ...tls,
        ...{ port: bare.port, requests: devices.map(() => 'GET / HTTP/1.1\r\n\r\n') },
      })
      const est = await generator.bear({
        ...tls,
        ...{ port: serving.devices, requests: devices.map(simpleEnroll) },
      })
      if (limit.errors > 0) throw new Error(`bare handshakes failed: ${limit.firstError}`)
      if (round > 0 || est.errors > 0) taken.push({ est, limit }) // the first one warms up
    }
  } finally {
    clearInterval(watch)
    generator.stop()
    bare.stop()
    await serving.stop()
  }
  const shareOf = ({ est, limit }: { est: Borne; limit: Borne }) => limit.seconds / est.seconds
  const middle = median(taken.map(shareOf))
  const { est, limit } = taken.find((one) => shareOf(one) === middle)!
  const errors = taken.reduce((sum, one) => sum + one.est.errors, 0)
  const hint =
    errors === 0 ? '' : `; first error: ${taken.find((one) => one.est.errors > 0)?.est.firstError}`
  return [
    {
      name: `EST enrolment${database === undefined ? '' : ' on PostgreSQL'}, fresh mutual TLS, ${clients} at a time`,
      value: Math.round(count / est.seconds),
      unit: '/s',
      limit: { name: 'bare mutual TLS handshakes', value: Math.round(count / limit.seconds) },
      goal: 0.8,
      note: `${errors} errors in ${count * taken.length}; ${est.medianMilliseconds.toFixed(0)} ms median, ${est.p95Milliseconds.toFixed(0)} ms p95; P-256 issuer${hint}`,
    },
    {
      name: 'memory under this load',
      value: underLoad,
      unit: 'MB',
      note: `resident, the highest; ${atRest} MB before`,
    },
  ]
}

function simpleEnroll({ serial, code, request }: Expected): string {
  const body = request.toBase64()
  const token = Buffer.from(`${serial}:${code}`).toString('base64')
  return [
    'POST /.well-known/est/simpleenroll HTTP/1.1',
    'host: localhost',
    `authorization: Basic ${token}`,
    'content-type: application/pkcs10',
    `content-length: ${body.length}`,
    'connection: close',
    '',
    body,
  ].join('\r\n')
}

function pem(chain: readonly Uint8Array[]): string {
  return chain.map((der) => encodePem('CERTIFICATE', der)).join('')
}

if (import.meta.main) printRows(await benchEst({ rounds: 3, count: 1_500, clients: 64 }))
