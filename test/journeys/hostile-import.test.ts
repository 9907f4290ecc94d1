// SPDX-License-Identifier: Apache-2.0
/** Lists that are cut off by the death of the server that takes them, while another one serves devices. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { encodePem } from '#format/pem.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import { certify, certifyAuthority, makeEntity } from '../made-certificates.ts'
import {
  enrolled,
  nodeDirectory,
  openTestHouse,
  sharedWords,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { type PostgresPlace, postgresPlace, withoutPostgres } from '../support/postgres.ts'

let place: PostgresPlace
let house: TestHouse

before(
  async () => {
    if (withoutPostgres) return
    place = await postgresPlace()
    house = await openTestHouse(nodeDirectory(), {}, sharedWords(place.url))
  },
  { timeout: 60_000 },
)
after(async () => {
  if (withoutPostgres) return
  await house.stop()
  await place.remove()
})

const postgresTest = (name: string, work: () => Promise<void>) =>
  test(name, { skip: withoutPostgres, timeout: 60_000 }, work)

interface Line {
  readonly kind: string
  readonly rows: number
  readonly added: number
  readonly unchanged: number
  readonly refused: number
}

/** Sends a list; tells each line of the answer. Resolves with the last one, also if the connection breaks. */
async function send(
  socket: string,
  path: string,
  list: string,
  hear: (line: Line) => void = () => {},
): Promise<Line | undefined> {
  const sent = request({
    ...{ socketPath: socket, method: 'POST', path: `/api/v1${path}`, agent: false },
    headers: { 'content-type': 'text/csv' },
  })
  sent.on('error', () => {}) // the server died with the rest of the list unread
  sent.end(list)
  let last: Line | undefined
  try {
    const [answer] = await once(sent, 'response')
    for await (const text of createInterface({ input: answer })) {
      last = JSON.parse(text) as Line
      hear(last)
    }
  } catch {
    // Cut off: what was told so far is what is known.
  }
  return last
}

/** Another node on the same database, a process of its own. */
async function openChild(): Promise<{ readonly child: ChildProcess; readonly socket: string }> {
  const directory = nodeDirectory()
  const script = new URL('support/node-child.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, directory, place.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => assert.fail('the other node did not start')),
  ])
  return { child, socket: join(directory, 'admin.sock') }
}

/** Sends a list to a node that is killed in its midst, then to one that lives, which serves a device meanwhile. */
async function interrupted(path: string, list: string, serve: () => Promise<unknown>) {
  const { child, socket } = await openChild()
  const gone = once(child, 'exit')
  const before = send(socket, path, list, ({ kind }) => {
    if (kind === 'progress') child.kill('SIGKILL')
  })
  await Promise.all([before, serve(), gone])
  const [told, done] = await Promise.all([before, send(house.socket, path, list)])
  assert.equal(told?.kind, 'progress')
  assert.equal(done?.kind, 'done')
  return { told, done: done as Line }
}

async function demandWholeLog(): Promise<void> {
  await house.sequence()
  const { logOrigin, logPublicKey } = house.core.installation
  const key = encodeNoteKey(noteKeyOf(logOrigin, Uint8Array.fromHex(logPublicKey)))
  const verified = await verifyExport(house.exportLog(), { key })
  assert.ok(verified.intact, JSON.stringify(verified.findings))
}

postgresTest(
  'an inventory whose import was killed is sent again to another node, and each device is there once',
  async () => {
    const product = await withProduct(house, 'pump')
    const count = 2_000
    const rows = Array.from({ length: count }, (_, index) => `UNIT-${index},B`)
    const list = `serial,hardwareRevision\n${rows.join('\n')}\n`
    const path = `/devices/imports?product=${product.id}`
    const { told, done } = await interrupted(path, list, () => enrolled(house, product, 'OTHER'))
    assert.deepEqual([done.rows, done.added + done.unchanged, done.refused], [count, count, 0])
    assert.ok(told.rows > 0 && done.unchanged >= told.rows, 'what was acknowledged was lost')
    const devices = { by: 'product', equal: [product.id] } as const
    assert.equal(await house.core.ledger.count('device', devices), count + 1)
    await demandWholeLog()
  },
)

postgresTest(
  'certificates whose import was killed are sent again to another node, and each is there once',
  async () => {
    const product = await withProduct(house, 'old')
    const [root, issuing] = await Promise.all([
      makeEntity('CN=Old Root'),
      makeEntity('CN=Old Issuing'),
    ])
    const now = Temporal.Now.instant().round('second')
    const life = { notBefore: now.subtract({ hours: 48 }), notAfter: now.add({ hours: 24 * 900 }) }
    const [above, certificate] = await Promise.all([
      certifyAuthority(root, root, [], undefined, life),
      certifyAuthority(issuing, root, [], undefined, life),
    ])
    const taken = await askLocal(house, 'POST', '/authorities/import', {
      ...{
        name: 'old',
        certificate:
          encodePem('CERTIFICATE', certificate.der) + encodePem('CERTIFICATE', above.der),
      },
      key: encodePem('PRIVATE KEY', encodePrivateKey(issuing.pair.privateKey)),
    })
    assert.ok(taken.status < 300, JSON.stringify(taken.document))
    const count = 400
    const extensions = [encodeExtension('keyUsage', ['digitalSignature'])]
    const certificates = await Promise.all(
      Array.from({ length: count }, async (_, index) =>
        certify(await makeEntity(`CN=OLD-${index}`), issuing, { ...life, extensions }),
      ),
    )
    const list = certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('')
    const path = `/certificates/imports?authority=${taken.document.id}&product=${product.id}&form=pem`
    const { told, done } = await interrupted(path, list, () => enrolled(house, product, 'OTHER'))
    assert.deepEqual([done.rows, done.added + done.unchanged, done.refused], [count, count, 0])
    assert.ok(told.rows > 0 && done.unchanged >= told.rows, 'what was acknowledged was lost')
    const { items } = await house.core.ledger.list('certificate', { limit: 1000 })
    const taking = items.filter(({ authority }) => authority === taken.document.id)
    assert.ok(taking.length >= count)
    assert.equal(
      new Set(taking.map(({ serialNumber }) => serialNumber.toHex())).size,
      taking.length,
    )
    await demandWholeLog()
  },
)
