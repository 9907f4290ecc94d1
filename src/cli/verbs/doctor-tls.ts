// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import { type Finding, judge } from '#edge/tls-probe/judge.ts'
import { lookAt } from '#edge/tls-probe/look.ts'
import { probeLimits } from '#edge/tls-probe/wire.ts'
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { readTextFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { broken, type ExitStatus, exit, wrongUse } from '../stop.ts'
import { openRunning } from '../talk/connect.ts'
import type { Answer } from '../talk/server.ts'
import type { Colour } from '../terminal/paint.ts'
import { type Call, isJson, writeLines } from './verb.ts'

const signs = {
  good: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✗', 'red'],
} as const satisfies Record<string, readonly [string, Colour]>

/** Tells what a TLS server offers and what that means; ends with 1 if something failed. @throws Stop */
export async function doctorTls(call: Call, words: string): Promise<ExitStatus> {
  const { said, terminal } = call
  const { host, port } = addressIn(words)
  const name = said.text('serverName') ?? host
  const ours = await authoritiesOf(call)
  const progress = terminal.progress(`looking at ${words} …`)
  const looked = await lookAt(
    { host, port, serverName: isIP(name) === 0 ? name : undefined },
    probeLimits,
    {
      ...{ random: systemRandomness, clock: systemClock },
      tell: (what) => progress.update(`looking at ${words}: ${what} …`),
    },
  ).finally(() => progress.end())
  if (looked.kind === 'none' && !looked.isReached)
    throw broken(`${words} ${looked.words}`, 'is HOST:PORT right, and does it listen?')
  const findings: readonly Finding[] =
    looked.kind === 'none'
      ? [noTls(looked.words)]
      : judge(looked, { now: systemClock.now(), host: name, ...ours })
  const good = findings.every(({ verdict }) => verdict !== 'failed')
  const connections = looked.kind === 'none' ? null : looked.connections
  if (isJson(call)) await terminal.write(jsonText({ peer: words, good, connections, findings }))
  else await writeLines(call, linesOf(call, findings, good))
  return good ? exit.done : exit.refused
}

function noTls(words: string): Finding {
  return {
    ...{ check: 'handshake', verdict: 'failed', found: words },
    means: 'no TLS is to be had there',
    remedy:
      'is it the right port? Some protocols begin in the clear and change to TLS later, which is not tried',
  }
}

function addressIn(words: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(words)
  const port = Number(match?.[3])
  if (match === null || port === 0 || port > 65_535)
    throw wrongUse(`--tls: must be HOST:PORT, e.g. broker.example.com:8883, is "${words}"`)
  return { host: match[1] ?? match[2] ?? '', port }
}

interface Ours {
  readonly roots: readonly Certificate[]
  /** DER of names. */
  readonly deviceIssuers: readonly Uint8Array[]
}

/** The roots of a file; else those of a server that runs here, and who signs its devices. @throws Stop */
async function authoritiesOf({ said }: Call): Promise<Ours> {
  const file = said.text('roots')
  if (file !== undefined)
    return { roots: certificatesIn(readTextFile(file, '--roots'), '--roots'), deviceIssuers: [] }
  const connection = await openRunning(resolve(said.text('data') ?? './data'))
  if (connection === undefined) return { roots: [], deviceIssuers: [] }
  try {
    const { items }: Answer<'authority.list'> = await connection.server.ask('authority.list')
    const own = items.filter(({ kind }) => kind !== 'foreign')
    const exported = await Promise.all(
      own.map(async ({ id, kind }) => {
        const { pem } = await connection.server.ask('authority.export', { authority: id })
        return certificatesIn(pem, id).map((certificate) => ({ kind, certificate }))
      }),
    )
    const all = exported.flat()
    return {
      roots: all.flatMap(({ kind, certificate }) => (kind === 'root' ? [certificate] : [])),
      deviceIssuers: all.map(({ certificate }) => certificate.subject.der),
    }
  } finally {
    await connection.close()
  }
}

function certificatesIn(text: string, what: string): readonly Certificate[] {
  try {
    const all = parsePem(text).filter(({ label }) => label === 'CERTIFICATE')
    if (all.length > 0)
      return all.map(({ bytes }) => parseCertificate(bytes, { unknownCritical: 'keep' }))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(`${what}: ${error.message}`)
  }
  throw wrongUse(`${what}: there is no certificate in it`)
}

function linesOf(
  { terminal: { paint } }: Call,
  findings: readonly Finding[],
  good: boolean,
): readonly string[] {
  const width = Math.max(0, ...findings.map(({ check }) => check.length))
  const blank = `    ${' '.repeat(width)}`
  const lines = findings.flatMap(({ check, verdict, found, means, remedy }) => {
    const [sign, colour] = signs[verdict]
    return [
      `  ${paint(colour, sign)} ${check.padEnd(width)}  ${found}`,
      `${blank}  ${paint('dim', means)}`,
      ...(remedy === null ? [] : [`${blank}  → ${remedy}`]),
    ]
  })
  const count = (one: Finding['verdict']) =>
    findings.filter(({ verdict }) => verdict === one).length
  const summary = `${count('good')} good, ${count('warning')} to care for, ${count('failed')} failed`
  return [...lines, '', paint(good ? 'green' : 'red', summary)]
}
