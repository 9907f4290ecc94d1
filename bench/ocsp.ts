// SPDX-License-Identifier: Apache-2.0
/**
 * OCSP: signed on first ask, from memory, beside a node:http server that answers as many bytes; and what serials out
 * of the air cost.
 *
 *     node bench/ocsp.ts --certificates 1000000 [--clients 256]
 */
import { parseArgs } from 'node:util'
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { systemClock as clock } from '#edge/clock/system-clock.ts'
import { openStore } from '#edge/store/open-store.ts'
import { certIdOf, questionAbout } from '../test/support/ocsp.ts'
import { startBare } from './tools/bare.ts'
import { benchDirectory, openBenchHouse } from './tools/bench-house.ts'
import { bulkLoad } from './tools/bulk-load.ts'
import { type Load, LoadGenerator } from './tools/load.ts'
import { median, type Row } from './tools/row.ts'
import { startServing } from './tools/serving.ts'
import { printRows } from './tools/table.ts'

export interface OcspOptions {
  readonly certificates: number
  /** Of them, those that are asked for. */
  readonly asked: number
  readonly rounds: number
  readonly count: number
  readonly clients: number
  /** Serials out of the air. */
  readonly strange: number
}

export async function benchOcsp(options: OcspOptions): Promise<Row[]> {
  const { certificates, asked, rounds, count, clients, strange } = options
  const directory = benchDirectory()
  const house = await openBenchHouse('p-256', directory)
  const issuer = house.core.doors.own.find(({ kind }) => kind === 'issuing')
  if (issuer === undefined) throw new Error('no issuer')
  await house.close()
  bulkLoad(directory, certificates, 0, () => {})
  const questions = (await serialsIn(directory, asked)).map((serial) =>
    questionAbout([certIdOf(issuer, serial)]),
  )
  const serving = await startServing(directory)
  const generator = new LoadGenerator()
  try {
    const [first = new Uint8Array()] = questions
    const bytes = await answerBytes(serving.status, first)
    const load = { kind: 'http', clients, leastBytes: bytes } as const
    const bear = async (more: Omit<Load, 'kind' | 'clients'>) => {
      const borne = await generator.bear({ ...load, ...more })
      if (borne.errors > 0) throw new Error(`${borne.errors} errors: ${borne.firstError}`)
      return borne
    }
    const note = `${bytes} bytes, ${clients} kept connections, ${certificates.toLocaleString('en')} certificates, 0 errors`
    const signed = await bear({ port: serving.status, requests: questions.map(posted) })
    const rows: Row[] = [
      {
        ...{
          name: 'OCSP, signed on first ask',
          value: Math.round(signed.answered / signed.seconds),
        },
        ...{ unit: '/s', note: `${note}; ${asked} different ones` },
      },
    ]
    const restMegabytes = serving.memory()
    const bare = await startBare({ bytes })
    for (const [name, written] of [
      ['POST', posted],
      ['GET', got],
    ] as const) {
      const requests = Array.from({ length: count }, (_, at) =>
        written(questions[(at * 7919) % questions.length] ?? first),
      )
      const taken: { share: number; own: number; limit: number; p99: number }[] = []
      for (let round = 0; round <= rounds; round++) {
        const limit = await bear({ port: bare.port, requests })
        const own = await bear({ port: serving.status, requests })
        const [ownRate, limitRate] = [count / own.seconds, count / limit.seconds]
        if (round > 0)
          taken.push({
            share: ownRate / limitRate,
            own: ownRate,
            limit: limitRate,
            p99: own.p99Milliseconds,
          })
      }
      const middle = median(taken.map(({ share }) => share))
      const { own, limit, p99 } = taken.find(({ share }) => share === middle)!
      rows.push({
        ...{ name: `OCSP from cached answers, ${name}`, value: Math.round(own), unit: '/s' },
        ...{ limit: { name: 'bare node:http', value: Math.round(limit) }, goal: 0.7 },
        note: `${note}; p99 ${p99.toFixed(1)} ms`,
      })
    }
    bare.stop()
    rows.push({
      ...{ name: 'memory after this', value: serving.memory(), unit: 'MB' },
      note: `${restMegabytes} MB once ${asked} answers were signed`,
    })
    const strangers = Array.from({ length: strange }, () =>
      posted(questionAbout([certIdOf(issuer, random.bytes(16).fill(0x4a, 0, 1))])),
    )
    const before = serving.processorSeconds()
    const flood = await bear({ port: serving.status, requests: strangers, leastBytes: 0 })
    const spent = serving.processorSeconds() - before
    await bear({ port: serving.status, requests: questions.map(posted) })
    rows.push({
      ...{ name: 'serials out of the air', value: Math.round(strange / flood.seconds), unit: '/s' },
      note: `${strange.toLocaleString('en')} in ${spent.toFixed(1)} s of processor time; then all ${asked} known ones were answered, and ${serving.memory()} MB are taken`,
    })
    return rows
  } finally {
    generator.stop()
    await serving.stop()
  }
}

/** Serials that a request can name: of those that were filled with bytes of chance, the positive ones. */
async function serialsIn(directory: string, wanted: number): Promise<readonly Uint8Array[]> {
  const store = await openStore(directory, { clock, random })
  const serials: Uint8Array[] = []
  let after: string | null | undefined
  do {
    const page = await store.ledger.list('certificate', {
      ...{ by: 'state', equal: ['issued'], where: { kind: 'working' }, limit: 1000 },
      ...(after && { after }),
    })
    serials.push(
      ...page.items
        .map(({ serialNumber }) => serialNumber)
        .filter(([octet = 0]) => octet > 0 && octet < 0x80),
    )
    after = page.next
  } while (after !== null && serials.length < wanted)
  await store.close()
  return serials.slice(0, wanted)
}

async function answerBytes(port: number, question: Uint8Array): Promise<number> {
  const headers = { 'Content-Type': 'application/ocsp-request' }
  const url = `http://127.0.0.1:${port}/ocsp`
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(question) })
  const { length } = await answer.bytes()
  if (answer.status !== 200 || length < 100) throw new Error(`${answer.status}, ${length} bytes`)
  return length
}

function posted(question: Uint8Array): string {
  const head = `POST /ocsp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/ocsp-request\r\ncontent-length: ${question.length}\r\n\r\n`
  return head + Buffer.from(question).toString('latin1')
}

function got(question: Uint8Array): string {
  return `GET /ocsp/${encodeURIComponent(question.toBase64())} HTTP/1.1\r\nhost: localhost\r\n\r\n`
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      certificates: { type: 'string', default: '100000' },
      clients: { type: 'string', default: '256' },
    },
  })
  const [certificates, clients] = [Number(values.certificates), Number(values.clients)]
  printRows(
    await benchOcsp({
      ...{ certificates, clients, asked: 20_000, rounds: 3, count: 40_000, strange: 100_000 },
    }),
  )
}
