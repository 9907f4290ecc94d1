// SPDX-License-Identifier: Apache-2.0
/** Mail to another's server: aiosmtpd, with STARTTLS demanded and a password. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Delivery, NotificationTarget } from '#core/ledger/tables.ts'
import { sendMail } from '#edge/notify/mail.ts'
import { encodePem } from '#format/pem.ts'
import { temporaryDirectory } from '../support/house.ts'
import { makeTestAuthority } from '../tls-certificates.ts'

const python = '/usr/bin/python3'
const isThere = spawnSync(python, ['-c', 'import aiosmtpd']).status === 0
const skip = isThere || process.env.PEERS === 'required' ? false : 'aiosmtpd is missing'

const program = `
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print('MAIL', session.ssl is not None, session.authenticated, envelope.mail_from, *envelope.rcpt_tos, flush=True)
        print(envelope.content.decode(), flush=True)
        print('END', flush=True)
        return '250 taken'
def check(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b'pki', b'pass of mail'), handled=False)
async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Handler(), hostname='localhost', tls_context=context, require_starttls=True,
                        authenticator=check, auth_required=True, loop=loop)
    server = await loop.create_server(make, '127.0.0.1', 0)
    print('PORT', server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
`

test('a foreign mail server takes an alarm by STARTTLS and password, and refuses a wrong one', {
  skip,
}, async () => {
  const directory = temporaryDirectory()
  const authority = await makeTestAuthority()
  const { key, chain } = await authority.issue('localhost')
  const [certificateFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  writeFileSync(certificateFile, chain.map((der) => encodePem('CERTIFICATE', der)).join(''))
  writeFileSync(keyFile, key)
  const server = spawn(python, ['-c', program, certificateFile, keyFile])
  after(() => void server.kill())
  let said = ''
  const until = (pattern: RegExp) => {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
    const look = () => {
      const found = pattern.exec(said)
      if (found !== null) resolve(found)
    }
    server.stdout.on('data', look)
    server.once('exit', () => reject(new Error(said)))
    look()
    return promise
  }
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  const [, port] = await until(/PORT (\d+)/)
  const now = Temporal.Instant.from('2026-05-01T12:00:00Z')
  const facts = {
    id: 'alm_1',
    kind: 'status-stale',
    subject: 'aut_1',
    severity: 'critical',
    facts: {},
  }
  const alarm = { ...facts, text: 'the list is old', raisedAt: `${now}`, clearedAt: null }
  const delivery: Delivery = {
    ...{ id: 'dlv_1', version: 1, target: 'ntf_1', alarm: 'alm_1', what: 'raised' },
    message: { what: 'raised', at: `${now}`, alarm },
    ...{ state: 'waiting', tries: 0, nextAt: now, lastError: null, createdAt: now, sentAt: null },
  }
  const target: NotificationTarget = {
    ...{ id: 'ntf_1', version: 1, name: 'on-call', kind: 'smtp', address: 'ops@example.com' },
    settings: {
      ...{ server: `smtp://127.0.0.1:${port}`, from: 'pki@example.com' },
      ...{ user: 'pki', passwordFile: 'mail-password' },
    },
    ...{ severity: 'notice', kinds: [], state: 'active', createdAt: now, createdBy: 'test' },
  }
  const ports = { roots: [authority.rootPem], installation: 'here', isLocal: () => false }
  const never = new AbortController().signal
  const wrong = await sendMail(delivery, target, never, { ...ports, readSecret: () => 'wrong' })
  assert.deepEqual(
    wrong,
    { kind: 'failed', detail: 'the mail server refused it (EAUTH 535)' },
    said,
  )
  const sent = await sendMail(delivery, target, never, {
    ...ports,
    readSecret: () => 'pass of mail',
  })
  assert.deepEqual(sent, { kind: 'sent' }, said)
  await until(/END/)
  assert.match(said, /MAIL True True pki@example\.com ops@example\.com/)
  assert.match(said, /^Subject: \[here\] CRITICAL: the list is old\r?$/m)
})
