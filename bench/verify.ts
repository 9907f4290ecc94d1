// SPDX-License-Identifier: Apache-2.0
/**
 * What applications and nginx ask all the time: whether to believe a device. Over kept TLS connections with a client
 * certificate, beside a node:https server that answers as many bytes; and what a path costs that is known.
 */

import { enrol } from '#core/enrolment/enrol.ts'
import { addMachine } from '#core/people/machine.ts'
import { KnownPaths } from '#core/verification/known-paths.ts'
import { verify } from '#core/verification/verify.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { makeTestAuthority } from '../test/tls-certificates.ts'
import { startBare } from './tools/bare.ts'
import { type BenchHouse, benchDirectory, openBenchHouse } from './tools/bench-house.ts'
import { LoadGenerator } from './tools/load.ts'
import { median, type Row } from './tools/row.ts'
import { startServing } from './tools/serving.ts'
import { printRows } from './tools/table.ts'

export interface VerifyOptions {
  readonly rounds: number
  readonly count: number
  readonly clients: number
}

/** Devices that come again and again. */
const devices = 500

export async function benchVerify({ rounds, count, clients }: VerifyOptions): Promise<Row[]> {
  const directory = benchDirectory()
  const house = await openBenchHouse('p-256', directory)
  const certificates = await enrolled(house)
  const authority = await makeTestAuthority('Bench')
  const [server, asker] = [await authority.issue('bench'), await authority.issue('asker')]
  const publicKey = importPublicKey(parseCertificate(asker.chain[0]!).publicKey)
  if ('kind' in publicKey) throw new Error(publicKey.detail)
  const { environment } = house.core
  await addMachine(
    { name: 'asker', role: 'verifier', publicKey, environment },
    { kind: 'person', id: 'bench' },
    house.core,
  )
  const inCore = await coreRows(house, certificates)
  await house.close()
  const serving = await startServing(directory)
  const generator = new LoadGenerator()
  const identity = { key: server.key, chain: pem(server.chain) }
  const tls = { kind: 'kept-tls', clients, key: asker.key, certificate: pem(asker.chain) } as const
  try {
    const rows: Row[] = []
    for (const [what, of, bytes] of [
      ['POST /api/v1/verify', posted, 700],
      ['GET /verify (nginx)', gotten, 0],
    ] as const) {
      const bare = await startBare({ identity, bytes, kept: true })
      const requests = Array.from({ length: count }, (_, at) => of(certificates[at % devices]!))
      const taken: { own: number; limit: number; milliseconds: number }[] = []
      for (let round = 0; round <= rounds; round++) {
        const limit = await generator.bear({ ...tls, requests, port: bare.port })
        const own = await generator.bear({ ...tls, requests, port: serving.devices })
        if (own.errors + limit.errors > 0) throw new Error(own.firstError || limit.firstError)
        if (round > 0)
          taken.push({
            ...{ own: count / own.seconds, limit: count / limit.seconds },
            milliseconds: own.p95Milliseconds,
          })
      }
      bare.stop()
      const middle = median(taken.map(({ own, limit }) => own / limit))
      const { own, limit, milliseconds } = taken.find((one) => one.own / one.limit === middle)!
      rows.push({
        ...{ name: what, value: Math.round(own), unit: '/s' },
        limit: { name: 'bare node:https', value: Math.round(limit) },
        note: `${clients} kept connections, ${devices} devices, 0 errors; ${milliseconds.toFixed(1)} ms p95`,
      })
    }
    return [...rows, ...inCore]
  } finally {
    generator.stop()
    await serving.stop()
  }
}

async function enrolled(house: BenchHouse): Promise<readonly Uint8Array[]> {
  const certificates: Uint8Array[] = []
  for (const { serial, code, request } of await house.expect(devices)) {
    const outcome = await enrol(
      {
        ...{ protocol: 'est', operation: 'enrol', label: undefined, sourceAddress: '127.0.0.1' },
        ...{ credential: { kind: 'code', user: serial, code }, request },
      },
      house.core,
    )
    if (outcome.kind !== 'issued') throw new Error(JSON.stringify(outcome))
    certificates.push(outcome.certificate)
  }
  return certificates
}

/** The verb alone, with paths that are known and with such as are validated anew. */
async function coreRows(
  { core }: BenchHouse,
  certificates: readonly Uint8Array[],
): Promise<readonly Row[]> {
  const rate = async (paths: () => KnownPaths, times: number) => {
    const start = performance.now()
    for (let at = 0; at < times; at++) {
      const chain = [certificates[at % devices]!]
      const { kind } = await verify({ chain, purpose: 'device' }, { ...core, paths: paths() })
      if (kind !== 'trusted') throw new Error(kind)
    }
    return (times * 1000) / (performance.now() - start)
  }
  const kept = new KnownPaths()
  await rate(() => kept, 2 * devices)
  const anew = await rate(() => new KnownPaths(), 2 * devices)
  const known = await rate(() => kept, 20 * devices)
  return [
    {
      ...{ name: 'the verb alone, path known', value: Math.round(known), unit: '/s' },
      limit: { name: 'path validated anew', value: Math.round(anew) },
      note: 'one after the other; four reads of the ledger each',
    },
  ]
}

function posted(certificate: Uint8Array): string {
  const body = JSON.stringify({ chain: certificate.toBase64(), product: 'bench' })
  return [
    ...['POST /api/v1/verify HTTP/1.1', 'host: localhost', 'content-type: application/json'],
    ...[`content-length: ${body.length}`, '', body],
  ].join('\r\n')
}

function gotten(certificate: Uint8Array): string {
  const field = encodeURIComponent(encodePem('CERTIFICATE', certificate))
  return [
    ...['GET /verify?product=bench HTTP/1.1', 'host: localhost', `x-ssl-client-cert: ${field}`],
    ...['', ''],
  ].join('\r\n')
}

function pem(chain: readonly Uint8Array[]): string {
  return chain.map((der) => encodePem('CERTIFICATE', der)).join('')
}

if (import.meta.main) printRows(await benchVerify({ rounds: 3, count: 4_000, clients: 16 }))
