// SPDX-License-Identifier: Apache-2.0
/**
 * How fast an artefact goes up, cut and resumed, and what it costs in memory: `node bench/artefacts.ts [MEGABYTES]`.
 *
 * A server in a process of its own takes the file over its socket; beside it the same octets are read and hashed.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

const partOctets = 33_554_432

export async function benchArtefacts(megabytes: number): Promise<Row[]> {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-bench-artefacts-'))
  try {
    const path = join(place, 'image')
    await makeFile(path, megabytes)
    const hashed = performance.now()
    const { sha256, octets } = await digestOf(path)
    const hashMilliseconds = performance.now() - hashed
    const server = await startServer(join(place, 'data'))
    try {
      const rest = server.peak()
      const begun = performance.now()
      await upload(server.socket, path, octets, sha256)
      const milliseconds = performance.now() - begun
      const fetched = performance.now()
      await download(server.socket, sha256, octets)
      const out = performance.now() - fetched
      const rate = (spent: number) => Math.round(octets / 1_000 / spent)
      const limit = { name: 'read + SHA-256', value: rate(hashMilliseconds) }
      return [
        {
          ...{ name: 'artefact in, by parts', value: rate(milliseconds), unit: 'MB/s', limit },
          note: `${megabytes} MB, cut once; the server peaked at ${server.peak()} MB, before it at ${rest} MB`,
        },
        { name: 'artefact out', value: rate(out), unit: 'MB/s', limit, note: 'over the socket' },
      ]
    } finally {
      await server.stop()
    }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

async function makeFile(path: string, megabytes: number): Promise<void> {
  const handle = await open(path, 'w')
  const block = Buffer.alloc(1_000_000)
  for (let index = 0; index < megabytes; index++) {
    block.writeUInt32LE(index, 0)
    await handle.write(block)
  }
  await handle.close()
}

async function digestOf(path: string) {
  const hash = createHash('sha256')
  let octets = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
    hash.update(chunk)
    octets += chunk.length
  }
  return { sha256: hash.digest('hex'), octets }
}

async function startServer(data: string) {
  writeFileSync(`${data}.pass`, 'a passphrase for a bench\n', { mode: 0o600 })
  const words = [
    'bin/vitalsign.ts',
    'serve',
    '--log-level',
    'error',
    '--data',
    data,
    '--passphrase-file',
    `${data}.pass`,
  ]
  const ports = ['--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0']
  const child = spawn(process.execPath, [...words, ...ports, '--status-listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ready = Promise.withResolvers<void>()
  const socket = join(data, 'admin.sock')
  child.on('exit', () => ready.reject(new Error('the server ended')))
  child.stdout.on('data', () => ready.resolve())
  await ready.promise
  while ((await ask(socket, 'GET', '/status').catch(() => undefined)) === undefined)
    await new Promise((resolve) => setTimeout(resolve, 200))
  return {
    socket,
    /** VmHWM: the most that it ever had. */
    peak: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_000)
    },
    stop: async () => {
      child.removeAllListeners('exit')
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function upload(socket: string, path: string, octets: number, sha256: string) {
  const begun = await ask(socket, 'POST', '/artefacts/uploads', { name: 'image', octets, sha256 })
  const target = `/artefacts/uploads/${begun.upload}`
  let offset = 0
  let isCut = false
  while (offset < octets) {
    const end = Math.min(octets, offset + partOctets)
    const source = createReadStream(path, { start: offset, end: end - 1, highWaterMark: 262_144 })
    if (!isCut && offset > octets / 2) {
      isCut = true
      await cut(socket, target, offset, source)
      offset = (await ask(socket, 'GET', target)).offset
      continue
    }
    offset = (await send(socket, target, offset, source)).offset
  }
}

/** How far it is. */
function send(
  socket: string,
  path: string,
  offset: number,
  source: NodeJS.ReadableStream,
): Promise<{ readonly offset: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly offset: number }>()
  const sent = request(
    {
      ...{ socketPath: socket, method: 'PATCH', path: `/api/v1${path}` },
      headers: { 'content-type': 'application/partial-upload', 'upload-offset': String(offset) },
    },
    (answer) => void text(answer).then((body) => resolve(JSON.parse(body)), reject),
  )
  sent.on('error', reject)
  source.pipe(sent)
  return promise
}

async function cut(socket: string, path: string, offset: number, source: NodeJS.ReadableStream) {
  const sent = request({
    ...{ socketPath: socket, method: 'PATCH', path: `/api/v1${path}` },
    headers: { 'content-type': 'application/partial-upload', 'upload-offset': String(offset) },
  })
  sent.on('error', () => undefined)
  let octets = 0
  for await (const chunk of source) {
    octets += chunk.length
    if (!sent.write(chunk)) await new Promise((resolve) => sent.once('drain', resolve))
    if (octets > 10_000_000) break
  }
  sent.destroy()
  await new Promise((resolve) => sent.once('close', resolve))
  // Until the server has noticed, it is at it and says so.
  await new Promise((resolve) => setTimeout(resolve, 500))
}

async function download(socket: string, sha256: string, octets: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  request({ socketPath: socket, path: `/api/v1/artefacts/${sha256}` }, (answer) => {
    let came = 0
    answer.on('data', (chunk: Uint8Array) => {
      came += chunk.length
    })
    answer.on('end', () => (came === octets ? resolve() : reject(new Error(`${came} octets came`))))
  })
    .on('error', reject)
    .end()
  return promise
}

// biome-ignore lint/suspicious/noExplicitAny: a bench reads what it asked for
function ask(socket: string, method: string, path: string, input?: object): Promise<any> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const sent = request(
    {
      ...{ socketPath: socket, method, path: `/api/v1${path}` },
      headers: input === undefined ? {} : { 'content-type': 'application/json' },
    },
    (answer) => void text(answer).then((body) => resolve(JSON.parse(body)), reject),
  )
  sent.on('error', reject)
  sent.end(input === undefined ? undefined : JSON.stringify(input))
  return promise
}

if (import.meta.main) printRows(await benchArtefacts(Number(process.argv[2] ?? 500)))
