// SPDX-License-Identifier: Apache-2.0
/** A server that refuses a client certificate inside TLS itself, as openssl does and Node does not. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseServer } from '#device/connection/server.ts'
import { prove } from '#device/settle.ts'
import { enrolledBench, workingOf } from '../journeys/support/device-bench.ts'
import { issueServer, makeRoot, pemOf } from '../journeys/support/est-authority.ts'
import { openEstServer, type TestServer } from '../journeys/support/est-server.ts'

const isThere = spawnSync('openssl', ['version']).status === 0
const skip = isThere ? false : 'peer not installed: openssl'
if (skip && process.env.PEERS === 'required') throw new Error(skip)

let server: TestServer
let directory: string
before(async () => {
  server = await openEstServer()
  directory = mkdtempSync(join(tmpdir(), 'vitalsign-alert-'))
})
after(async () => {
  rmSync(directory, { recursive: true })
  await server.close()
})

for (const [serial, version, reason] of [
  ['PUMP-0501', '-tls1_3', 'credential-refused'],
  // Before the server proved itself: nobody's word.
  ['PUMP-0502', '-tls1_2', 'handshake-refused'],
] as const) {
  test(`a certificate that TLS refuses (${version}) is "${reason}"`, {
    skip,
  }, async () => {
    const bench = await enrolledBench(server, serial)
    const { child, port } = await openStrict(version)
    try {
      const strict = parseServer(`https://localhost:${port}`)
      assert.ok(strict)
      const line = {
        server: strict,
        trust: { roots: [server.root.certificate], now: server.rules.now },
        limits: bench.limits,
      }
      const refused = await prove(workingOf(bench), serial, line)
      assert.equal(refused.kind === 'refused' && refused.reason, reason)
    } finally {
      child.kill()
    }
  })
}

/** openssl s_server that believes client certificates of another root only. */
async function openStrict(version: string): Promise<{ child: ChildProcess; port: string }> {
  const { now } = server.rules
  const identity = await issueServer(server.issuer, {
    notBefore: now,
    notAfter: now.add({ hours: 24 }),
  })
  const other = await makeRoot('another root')
  const put = (name: string, text: string) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 })
    return join(directory, name)
  }
  const words = [
    ...['s_server', '-accept', '127.0.0.1:0', '-Verify', '3', '-verify_return_error', version],
    ...['-cert', put('cert', identity.cert), '-cert_chain', put('chain', identity.cert)],
    ...['-key', put('key', identity.key), '-CAfile', put('ca', pemOf([other.certificate]))],
  ]
  const child = spawn('openssl', words, { stdio: ['pipe', 'pipe', 'ignore'] })
  let said = ''
  const port = await new Promise<string>((resolve, reject) => {
    child.once('close', () => reject(new Error(`openssl ended: ${said}`)))
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text
      const [, found] = /ACCEPT .*:(\d+)/.exec(said) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  return { child, port }
}
