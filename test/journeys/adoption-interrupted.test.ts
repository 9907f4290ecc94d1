// SPDX-License-Identifier: Apache-2.0
/** A server with little memory takes over a long list, is killed in the middle of it, and gets it again. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { encodePem } from '#format/pem.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import { certify, certifyAuthority, makeEntity } from '../made-certificates.ts'
import { temporaryDirectory } from '../support/house.ts'

const directory = temporaryDirectory()
const many = 1_200
/** Where it is killed: so many rows it said were durable. */
const killedAt = 500

let server: ChildProcess | undefined
after(() => server?.kill('SIGKILL'))

/** A heap of 60 MB, 20 more than the program itself takes: what reads a list into memory gets through no long one. */
async function start(): Promise<void> {
  const flags = ['--max-old-space-size=60', '--disable-warning=ExperimentalWarning']
  const listens = ['--listen', '--operator-listen', '--status-listen']
  const words = listens.flatMap((word) => [word, '127.0.0.1:0'])
  const line = [...flags, 'bin/vitalsign.ts', 'serve', '--data', directory, ...words]
  server = spawn(process.execPath, line, { stdio: ['ignore', 'pipe', 'ignore'] })
  const { stdout } = server
  if (stdout === null) throw new Error('its output is a pipe')
  for await (const said of stdout.iterator({ destroyOnReturn: false }))
    if (String(said).includes('is serving')) break
  stdout.resume()
}

type Body = object | Iterable<string> | AsyncIterable<string>

interface Line {
  readonly kind: string
  readonly [member: string]: unknown
}

function idOf(record: unknown): string {
  return typeof record === 'object' && record !== null && 'id' in record ? String(record.id) : ''
}

/** The first rows of a list whose others never come. */
async function* halfOf(list: readonly string[]) {
  yield* list.slice(0, list.length * 0.75)
  await new Promise(() => {})
}

/** Each line of the answer, until the server is gone. */
async function* asked(path: string, body: Body): AsyncGenerator<Line> {
  const isStream = Symbol.iterator in body || Symbol.asyncIterator in body
  const headers = { 'content-type': isStream ? 'text/csv' : 'application/json' }
  const socketPath = join(directory, 'admin.sock')
  const sent = request({
    socketPath,
    method: 'POST',
    path: `/api/v1${path}`,
    headers,
    agent: false,
  })
  sent.on('error', () => {})
  if (isStream) Readable.from(body).pipe(sent)
  else sent.end(JSON.stringify(body))
  const [answer] = await once(sent, 'response')
  answer.on('error', () => {})
  for await (const line of createInterface({ input: answer })) yield JSON.parse(line)
}

async function last(path: string, body: Body): Promise<Line> {
  const lines = await Array.fromAsync(asked(path, body))
  return lines.at(-1) ?? assert.fail('no answer')
}

test('what an import said was durable is there after a kill, and the same list goes on from it', async () => {
  const now = Temporal.Now.instant().round('second')
  const life = { notBefore: now.subtract({ hours: 1 }), notAfter: now.add({ hours: 9_000 }) }
  const root = await makeEntity('CN=Old Root')
  const certificate = encodePem(
    'CERTIFICATE',
    (await certifyAuthority(root, root, [], undefined, life)).der,
  )
  const list = ['certificate,serialNumber,revokedAt,reason\n']
  for (let at = 0; at < many; at++) {
    const { der } = await certify(await makeEntity(`CN=PUMP-${at}`), root, life)
    list.push(`${der.toBase64()},,${at % 10 === 0 ? `${now},keyCompromise` : ','}\n`)
  }
  await start()
  const { product } = await last('/products', { name: 'pump', exposure: 'none', maker: 'Example' })
  const key = encodePem('PRIVATE KEY', encodePrivateKey(root.pair.privateKey))
  const authority = await last('/authorities/import', { name: 'old', certificate, key })
  const ids = `authority=${authority['id']}&product=${idOf(product)}`
  const path = `/certificates/imports?${ids}&form=csv`

  let durable = 0
  try {
    for await (const line of asked(path, halfOf(list))) {
      if (line.kind !== 'progress') continue
      durable = Number(line['rows'])
      if (durable >= killedAt) server?.kill('SIGKILL')
    }
  } catch {
    // The connection ends with the server.
  }
  assert.ok(durable >= killedAt && durable < many, `${durable}`)
  if (server?.exitCode === null && server.signalCode === null) await once(server, 'exit')

  await start()
  const done = await last(path, list)
  const { added, unchanged, refused, rows } = done
  assert.deepEqual([done.kind, rows, refused], ['done', many, 0], JSON.stringify(done))
  assert.equal(Number(added) + Number(unchanged), many)
  assert.ok(Number(unchanged) >= durable, `${unchanged} of ${durable}`)
  const again = await last(path, list)
  assert.deepEqual([again['added'], again['unchanged']], [0, many])
  const verified = await last('/log/verify', {})
  assert.equal(verified['good'], true, JSON.stringify(verified))
})
