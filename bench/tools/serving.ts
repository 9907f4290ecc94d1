// SPDX-License-Identifier: Apache-2.0
/** The server as its users start it: a process of its own, watched from outside. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { serveWords } from './bench-house.ts'

export interface Serving {
  /** From the start of the process to the lines that say where it listens. */
  readonly readySeconds: number
  readonly devices: number
  readonly status: number
  /** Resident memory in MB (10^6 bytes), without the pages of files that other processes share. */
  memory(): number
  /** User and system time that the process took so far; on Linux alone, elsewhere 0. */
  processorSeconds(): number
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '../..')
const running = new Set<ChildProcess>()

/** Its line for each request goes where a service's would go: past us, and not for nothing. */
const journalPath = join(mkdtempSync(join(tmpdir(), 'vitalsign-bench-')), 'journal')
const journal = openSync(journalPath, 'w', 0o600)
process.on('exit', () => rmSync(dirname(journalPath), { recursive: true, force: true }))
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export async function startServing(
  directory: string,
  words: readonly string[] = [],
): Promise<Serving> {
  const start = performance.now()
  const child = spawn(
    join(root, 'bin/vitalsign'),
    ['serve', ...serveWords(directory, 'p-256'), ...words],
    {
      stdio: ['ignore', 'pipe', journal],
    },
  )
  running.add(child)
  child.once('exit', () => running.delete(child))
  const said = await greetingOf(child)
  return {
    readySeconds: (performance.now() - start) / 1_000,
    devices: portOf(said, 'devices'),
    status: portOf(said, 'status'),
    memory: () => residentMegabytes(child.pid ?? 0),
    processorSeconds: () => processorSeconds(child.pid ?? 0),
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function greetingOf({ stdout }: ChildProcess): Promise<string> {
  let said = ''
  if (stdout !== null)
    for await (const piece of stdout.iterator({ destroyOnReturn: false })) {
      said += piece
      if (/^ {2}keys .*\n/m.test(said)) {
        stdout.resume()
        return said
      }
    }
  throw new Error(`the server did not start: ${said}${readFileSync(journalPath, 'utf8')}`)
}

function portOf(said: string, door: string): number {
  const [, port] = new RegExp(`^ +${door} +https?://[^ ]*:(\\d+)`, 'm').exec(said) ?? []
  if (port === undefined) throw new Error(`the server did not say where ${door} is: ${said}`)
  return Number(port)
}

function processorSeconds(pid: number): number {
  if (process.platform !== 'linux') return 0
  // After the name in brackets: the 12th and 13th fields are utime and stime, in hundredths (proc(5)).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function residentMegabytes(pid: number): number {
  if (process.platform !== 'linux') {
    const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
    return Math.round((Number(kilobytes) * 1_024) / 1e6)
  }
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round((Number(kilobytes) * 1_024) / 1e6)
}
