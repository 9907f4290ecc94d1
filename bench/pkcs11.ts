// SPDX-License-Identifier: Apache-2.0
/**
 * Signatures by a PKCS #11 token through queue and process boundary, by turns with the token's own rate in a
 * process that does nothing else; and issuing with keys in the token beside keys in files.
 *
 *     node bench/pkcs11.ts [--rounds 3] [--count 20000] [--issue 4000]
 *
 * The token is SoftHSM: a program, so that what is measured is the way there and back.
 */
import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { frameKinds } from '#edge/pkcs11/frames.ts'
import { ModuleProcess } from '#edge/pkcs11/module-process.ts'
import type { Pins } from '#edge/pkcs11/pins.ts'
import { Pkcs11Backend } from '#edge/pkcs11/pkcs11-backend.ts'
import { encodeJson, encodeSign } from '#edge/pkcs11/questions.ts'
import { benchIssue } from './issue.ts'
import { BareToken } from './tools/bare-token.ts'
import { benchDirectory } from './tools/bench-house.ts'
import { atOnce, meter } from './tools/meter.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface Pkcs11Options {
  readonly rounds: number
  /** Signatures in a round. */
  readonly count: number
  /** Certificates in a round of issuing. */
  readonly issue: number
}

const module = '/usr/lib/softhsm/libsofthsm2.so'
const label = 'bench'
const pin = '271828'
/** Signatures under way at a time. */
const clients = 64

export async function benchPkcs11({ rounds, count, issue }: Pkcs11Options): Promise<Row[]> {
  const pinFile = makeToken()
  const rows = await benchSigning(rounds, count)
  const words = ['--keys-in', 'pkcs11', '--root-keys-in', 'file', '--pkcs11-module', module]
  const token = [...words, '--pkcs11-token', label, '--pkcs11-pin-file', pinFile]
  const options = {
    algorithm: 'p-256',
    sizes: [10_000],
    rounds,
    count: issue,
    clients: 256,
  } as const
  const inToken = await benchIssue({ ...options, words: token })
  const inFiles = await benchIssue(options)
  rows.push(...inFiles)
  for (const row of inToken) {
    const { value = 0 } = inFiles[0] ?? {}
    const limit = { name: 'the same with keys in files', value }
    rows.push({ ...row, name: `${row.name}, keys in SoftHSM`, limit })
  }
  return rows
}

/** A token of its own, which this process and those that it starts see alone; gives the file of its PIN. */
function makeToken(): string {
  const place = benchDirectory()
  mkdirSync(join(place, 'tokens'))
  const configuration = join(place, 'softhsm2.conf')
  writeFileSync(
    configuration,
    `directories.tokendir = ${join(place, 'tokens')}\nlog.level = ERROR\n`,
  )
  process.env['SOFTHSM2_CONF'] = configuration
  const words = ['--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', pin]
  const made = spawnSync('softhsm2-util', words, { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`softhsm2 is missing: ${made.stderr}`)
  const pinFile = join(place, 'pin')
  writeFileSync(pinFile, pin, { mode: 0o600 })
  return pinFile
}

async function benchSigning(rounds: number, count: number): Promise<Row[]> {
  const pins: Pins = {
    next: async () => ({ kind: 'pin', pin, afterRefusal: true }),
    trying: async () => {},
    refused: async () => {},
    accepted: async () => {},
  }
  const backend = new Pkcs11Backend(
    { module, label, serial: undefined, certificate: undefined },
    { pins, report: console.error },
  )
  await backend.open()
  await backend.make('p-256', 'key_bench')
  const bare = await BareToken.open({ module, pin, keyId: 'key_bench' })
  const way = await openWay()
  try {
    const message = new Uint8Array(400)
    const sign = () => backend.sign('key_bench', message)
    const input = hash('sha256', message, 'buffer')
    const unverified = () =>
      way.ask(frameKinds.sign, encodeSign('key_bench', 'ecdsa', input), 10_000)
    for (const one of [sign, unverified]) await atOnce(clients, count, one) // to warm up
    const taken: Taken[] = []
    for (let round = 0; round < rounds; round++) {
      const before = await bare.measure(count)
      const used = cpuOf(way.id)
      const { seconds, cpu } = await meter(() => atOnce(clients, count, unverified))
      const inModule = (cpuOf(way.id) - used) / count
      const verified = await meter(() => atOnce(clients, count, sign))
      const after = await bare.measure(count)
      taken.push({
        ...{ rate: count / seconds, limit: (before.inPlace + after.inPlace) / 2 },
        verified: { rate: count / verified.seconds, cpu: verified.cpu / count },
        onThreads: (before.onThreads + after.onThreads) / 2,
        cpu: { inModule, here: cpu / count, bare: (before.cpu + after.cpu) / 2 },
      })
    }
    const middle = median(taken.map(({ rate, limit }) => rate / limit))
    const { rate, limit, verified, onThreads, cpu } = taken.find(
      (one) => one.rate / one.limit === middle,
    )!
    return [
      {
        name: 'sign, SoftHSM P-256 through queue and process',
        ...{ value: Math.round(rate), unit: '/s', goal: 0.85 },
        limit: { name: 'the token alone, one session', value: Math.round(limit) },
        note: `${clients} at a time; the token alone in 8 sessions on threads: ${Math.round(onThreads)}/s; processor: ${Math.round(cpu.inModule)} us with the module, ${Math.round(cpu.here)} us in the server, ${Math.round(cpu.bare)} us alone`,
      },
      {
        name: 'the same, each signature verified, as the server uses it',
        ...{ value: Math.round(verified.rate), unit: '/s' },
        limit: { name: 'the token alone, one session', value: Math.round(limit) },
        note: `processor: ${Math.round(verified.cpu)} us in the server`,
      },
    ]
  } finally {
    bare.close()
    await way.end()
    await backend.close()
  }
}

/** The queue and the process alone, without what the server does with a signature. */
async function openWay(): Promise<ModuleProcess> {
  const way = new ModuleProcess()
  const token = { module, label, serial: undefined, onThreads: false }
  await way.ask(frameKinds.findToken, encodeJson(token), 60_000)
  await way.ask(frameKinds.logIn, new TextEncoder().encode(pin), 60_000)
  return way
}

interface Taken {
  readonly rate: number
  readonly limit: number
  readonly onThreads: number
  readonly verified: { readonly rate: number; readonly cpu: number }
  /** Microseconds of the processor for each signature. */
  readonly cpu: { readonly inModule: number; readonly here: number; readonly bare: number }
}

/** Processor time of another process so far, in microseconds; /proc counts it in hundredths of a second. */
function cpuOf(id = 0): number {
  const fields = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      count: { type: 'string', default: '20000' },
      issue: { type: 'string', default: '4000' },
    },
  })
  const { rounds, count, issue } = values
  const options = { rounds: Number(rounds), count: Number(count), issue: Number(issue) }
  printRows(await benchPkcs11(options))
}
