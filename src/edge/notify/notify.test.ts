// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPublicKey, hash, verify, webcrypto } from 'node:crypto'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer as createPlain, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Delivery, NotificationTarget } from '#core/ledger/tables.ts'
import type { Message } from '#core/watch/enqueue.ts'
import { encodePem } from '#format/pem.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { openMailServer } from '../../../test/support/mail-server.ts'
import { makeTestAuthority } from '../../../test/tls-certificates.ts'
import { messenger } from './notify.ts'
import { readSecretFile, SecretError } from './secret-file.ts'

const never = new AbortController().signal
const now = Temporal.Instant.from('2026-05-01T12:00:00Z')
const pair = (await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as {
  privateKey: webcrypto.CryptoKey
  publicKey: webcrypto.CryptoKey
}
const publicKey = createPublicKey({
  ...{ format: 'der', type: 'spki' },
  key: Buffer.from(await webcrypto.subtle.exportKey('spki', pair.publicKey)),
})
const authority = await makeTestAuthority()
const identity = await authority.issue('localhost')
const secrets = temporaryDirectory()
writeFileSync(join(secrets, 'mail-password'), 'pass of mail\n', { mode: 0o600 })

const send = messenger({
  signer: {
    now: () => now,
    key: async () => 'notify-test',
    sign: async (_, bytes) =>
      new Uint8Array(await webcrypto.subtle.sign('Ed25519', pair.privateKey, Buffer.from(bytes))),
  },
  roots: [authority.rootPem],
  installation: 'vitalsign/abc',
  readSecret: (name) => readSecretFile(secrets, name),
  isLocal: () => false,
})

const message: Message = {
  ...{ what: 'raised', at: now.toString() },
  alarm: {
    ...{ id: 'alm_1', kind: 'status-stale', subject: 'aut_1', severity: 'critical' },
    ...{ text: 'the list is old\r\nBcc: everybody@example.com', facts: { number: 1 } },
    ...{ raisedAt: now.toString(), clearedAt: null },
  },
}

const delivery: Delivery = {
  ...{ id: 'dlv_1', version: 1, target: 'ntf_1', alarm: 'alm_1', what: 'raised', message },
  ...{ state: 'waiting', tries: 0, nextAt: now, lastError: null, createdAt: now, sentAt: null },
}

function target(more: Partial<NotificationTarget>): NotificationTarget {
  return {
    ...{ id: 'ntf_1', version: 1, name: 'desk', kind: 'webhook', address: '', settings: {} },
    ...{ severity: 'notice', kinds: [], state: 'active', createdAt: now, createdBy: 'test' },
    ...more,
  }
}

interface Heard {
  readonly request: IncomingMessage
  readonly body: string
}

/** A receiver on a free port; with TLS if it is asked for. */
async function receiver(status: number, headers: Record<string, string> = {}, secure = false) {
  const heard: Heard[] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      heard.push({ request, body: Buffer.concat(chunks).toString() })
      response.writeHead(status, headers).end('an answer that nobody reads')
    })
  }
  const cert = identity.chain.map((der) => encodePem('CERTIFICATE', der)).join('')
  const server = secure
    ? createSecure({ key: identity.key, cert }, listener)
    : createPlain(listener)
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  after(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { heard, address: `${secure ? 'https' : 'http'}://127.0.0.1:${port}/alarms?to=desk` }
}

/** What a receiver does: RFC 9421 section 3.2, with nothing of ours. */
function isGenuine({ request, body }: Heard, address: string): boolean {
  const header = (name: string) => String(request.headers[name])
  const digest = new Uint8Array(Buffer.from(body))
  const parameters = header('signature-input').replace(/^vitalsign=/, '')
  const names = [...(parameters.match(/^\(([^)]*)\)/)?.[1] ?? '').matchAll(/"([^"]+)"/g)]
  const derived: Record<string, string> = { '@method': 'POST', '@target-uri': address }
  const base = [
    ...names.map(([, name = '']) => `"${name}": ${derived[name] ?? header(name)}`),
    `"@signature-params": ${parameters}`,
  ].join('\n')
  const [, signature = ''] = /^vitalsign=:([^:]+):$/.exec(header('signature')) ?? []
  const told = /^sha-256=:([^:]+):$/.exec(header('content-digest'))?.[1]
  const found = hashOf(digest)
  return (
    told === found && verify(null, Buffer.from(base), publicKey, Buffer.from(signature, 'base64'))
  )
}

function hashOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64')
}

for (const secure of [false, true]) {
  test(`a webhook ${secure ? 'over TLS' : 'on this machine'} is signed by RFC 9421 and tells what it is`, async () => {
    const { heard, address } = await receiver(204, {}, secure)
    assert.deepEqual(await send(delivery, target({ address }), never), { kind: 'sent' })
    const [first = assert.fail('nothing came')] = heard
    assert.ok(isGenuine(first, address))
    assert.ok(!isGenuine({ ...first, body: first.body.replace('critical', 'notice') }, address))
    assert.ok(!isGenuine(first, `${address}&more=1`))
    assert.equal(first.request.headers['idempotency-key'], 'dlv_1')
    assert.match(
      String(first.request.headers['signature-input']),
      /keyid="notify-test";alg="ed25519"/,
    )
    assert.deepEqual(JSON.parse(first.body), { id: 'dlv_1', ...message })
  })
}

test('a redirect is not followed, and whatever is not 2xx has failed', async () => {
  const second = await receiver(200)
  for (const [status, headers] of [
    [302, { location: second.address }],
    [307, { location: second.address }],
    [500, {}],
    [404, {}],
  ] as const) {
    const { address } = await receiver(status, headers)
    assert.deepEqual(await send(delivery, target({ address }), never), {
      ...{ kind: 'failed', detail: `it answered ${status}` },
    })
  }
  assert.equal(second.heard.length, 0)
})

test('a webhook to another machine in plain, to a stranger, or to nobody, has failed', async () => {
  const plain = await send(delivery, target({ address: 'http://desk.example.com/' }), never)
  assert.deepEqual(plain, { kind: 'failed', detail: 'http is for this machine only' })
  const { address } = await receiver(200, {}, true)
  const strange = messenger({ ...other(), roots: [] })
  assert.match(detailOf(await strange(delivery, target({ address }), never)), /broke \([A-Z_]*CERT/)
  const closed = await send(delivery, target({ address: 'http://127.0.0.1:1/' }), never)
  assert.match(detailOf(closed), /ECONNREFUSED/)
})

test('mail goes by STARTTLS, signed in, with its head in one piece', async () => {
  const server = await openMailServer(identity)
  after(() => server.close())
  const sent = await send(delivery, mailTarget(server.port), never)
  assert.deepEqual(sent, { kind: 'sent' })
  const heard = server.heard.join('\n')
  assert.match(heard, /^\*AUTH PLAIN/m, 'the password goes over TLS')
  assert.doesNotMatch(heard.replaceAll(/^\*.*$/gm, ''), /AUTH|MAIL|DATA/, 'nothing else does not')
  assert.match(heard, /^\*Message-ID: <dlv_1@vitalsign-abc\.vitalsign>$/m)
  assert.match(heard, /^\*Subject: \[vitalsign\/abc\] CRITICAL: the list is old/m)
  assert.doesNotMatch(heard, /^\*Bcc:/im)
  assert.deepEqual(
    server.heard.filter((line) => line.includes('RCPT')),
    ['*RCPT TO:<ops@example.com>'],
  )
})

test('mail is not sent in plain to another machine', async () => {
  const server = await openMailServer()
  after(() => server.close())
  const failed = await send(delivery, mailTarget(server.port), never)
  assert.match(detailOf(failed), /the mail server refused it \(ETLS|\(E/)
  assert.doesNotMatch(server.heard.join('\n'), /AUTH|MAIL/)
})

test('mail to a server that nobody vouches for is not sent', async () => {
  const server = await openMailServer(identity)
  after(() => server.close())
  const strange = messenger({ ...other(), roots: [] })
  assert.equal((await strange(delivery, mailTarget(server.port), never)).kind, 'failed')
  assert.doesNotMatch(server.heard.join('\n'), /AUTH|MAIL/)
})

test('to this machine mail may go in plain, without a password', async () => {
  const server = await openMailServer()
  after(() => server.close())
  const { isLocal: _, ...usual } = other()
  const settings = { server: `smtp://127.0.0.1:${server.port}`, from: 'pki@example.com' }
  const local = target({ kind: 'smtp', address: 'ops@example.com', settings })
  assert.deepEqual(await messenger(usual)(delivery, local, never), { kind: 'sent' })
})

test('why mail was refused is told by its number, never by words of the other side', async () => {
  const server = await openMailServer(identity)
  after(() => server.close())
  const { settings } = mailTarget(server.port)
  const nobody = target({ kind: 'smtp', address: 'nobody@example.com', settings })
  assert.equal(
    detailOf(await send(delivery, nobody, never)),
    'the mail server refused it (EENVELOPE 550)',
  )
})

test('a password that others can read, or that is none, is not used', async () => {
  const failing = async (passwordFile: string) => {
    const { settings, ...rest } = mailTarget(1)
    return detailOf(
      await send(delivery, { ...rest, settings: { ...settings, passwordFile } }, never),
    )
  }
  writeFileSync(join(secrets, 'open'), 'x\n')
  chmodSync(join(secrets, 'open'), 0o644)
  writeFileSync(join(secrets, 'empty'), '', { mode: 0o600 })
  mkdirSync(join(secrets, 'directory'))
  symlinkSync('mail-password', join(secrets, 'link'))
  assert.match(await failing('open'), /can be read by others/)
  assert.match(await failing('empty'), /is empty/)
  assert.match(await failing('directory'), /not a small plain file/)
  assert.match(await failing('link'), /not a small plain file/)
  assert.match(await failing('absent'), /is not there/)
  assert.throws(() => readSecretFile(secrets, '../mail-password'), SecretError)
})

function mailTarget(port: number): NotificationTarget {
  const sender = { from: 'pki@example.com', user: 'pki', passwordFile: 'mail-password' }
  const settings = { server: `smtp://127.0.0.1:${port}`, ...sender }
  return target({ kind: 'smtp', address: 'ops@example.com', settings })
}

function other() {
  return {
    signer: { now: () => now, key: async () => 'k', sign: async () => new Uint8Array(64) },
    installation: 'vitalsign/abc',
    readSecret: (name: string) => readSecretFile(secrets, name),
    isLocal: () => false,
  }
}

function detailOf(sent: Awaited<ReturnType<typeof send>>): string {
  return sent.kind === 'failed' ? sent.detail : 'sent'
}
