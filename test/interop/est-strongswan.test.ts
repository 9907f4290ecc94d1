// SPDX-License-Identifier: Apache-2.0
/** EST as strongSwan's `pki` speaks it: TLS of its own, at most 1.2, at most two reads an answer, no line breaks. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { approveRequest } from '#core/enrolment/approval/decide-request.ts'
import { waitingLimits } from '#core/enrolment/approval/waiting-limits.ts'
import type { PendingRequest } from '#core/ledger/tables.ts'
import { changeProfile, manual } from '../support/profiles.ts'
import { type EstHouse, openEstHouse } from './est-house.ts'

const run = promisify(execFile)
const isThere = spawnSync('pki', ['--help']).status === 0
const skip = isThere || process.env.PEERS === 'required' ? false : 'strongswan-pki is missing'

let at: EstHouse
before(async () => {
  at = await openEstHouse({ waiting: { ...waitingLimits, leastSeconds: 1, mostSeconds: 1 } })
  writeFileSync(file('root.pem'), at.rootPem)
})
after(() => at.close())

function file(name: string): string {
  return join(at.directory, name)
}

/** Runs `pki`; what it writes to standard output is kept in the file of this name. */
async function pki(words: readonly string[], output?: string): Promise<void> {
  const { stdout } = await run('pki', words, { encoding: 'buffer' }).catch((error) => {
    throw new Error(`pki ${words[0]}: ${error.stderr}`)
  })
  if (output !== undefined) writeFileSync(file(output), stdout)
}

/** Makes a P-256 key and a request for this serial. */
async function makeRequest(serial: string): Promise<void> {
  await pki(['--gen', '--type', 'ecdsa', '--size', '256'], 'key.der')
  const name = ['--dn', `serialNumber=${serial}`]
  await pki(['--req', '--in', file('key.der'), '--type', 'ecdsa', ...name], 'request.der')
}

function enrolWords(): string[] {
  return ['--est', '--url', at.legacyUrl, '--cacert', file('root.pem'), '--in', file('request.der')]
}

function certificate(name: string): X509Certificate {
  return new X509Certificate(readFileSync(file(name)))
}

test('strongSwan gets issuer and root', { skip }, async () => {
  await pki([
    ...['--estca', '--url', at.legacyUrl, '--cacert', file('root.pem')],
    ...['--caout', file('ca.pem'), '--outform', 'pem', '--force'],
  ])
  const got = readdirSync(at.directory).filter((name) => /^ca(-\d)?\.pem$/.test(name))
  const subjects = got.map((name) => certificate(name).subject)
  assert.equal(got.length, 2)
  assert.ok(subjects.includes(new X509Certificate(at.rootPem).subject))
})

test('strongSwan enrols with a code, and renews with the certificate that it got', {
  skip,
}, async () => {
  const code = await at.expect('SWAN-0001')
  await makeRequest('SWAN-0001')
  await pki([...enrolWords(), '--userpass', `SWAN-0001:${code}`], 'first.der')
  const first = certificate('first.der')
  assert.match(first.subject, /serialNumber=SWAN-0001/)

  // The renewal asks for the very subject that it has (RFC 7030 section 4.2.2).
  const subject = first.subject.split('\n').join(', ')
  const request = ['--req', '--in', file('key.der'), '--type', 'ecdsa', '--dn', subject]
  await pki(request, 'request.der')
  const proof = ['--cert', file('first.der'), '--key', file('key.der')]
  await pki([...enrolWords(), ...proof], 'second.der')
  const second = certificate('second.der')
  assert.equal(second.subject, first.subject)
  assert.notEqual(second.serialNumber, first.serialNumber)
})

test('strongSwan hears a refusal and gets nothing', { skip }, async () => {
  await at.expect('SWAN-0002')
  await makeRequest('SWAN-0002')
  const wrong = ['--userpass', 'SWAN-0002:0000-0000-0000-0000-0000-0000']
  await assert.rejects(pki([...enrolWords(), ...wrong]), /401|HTTP/)
})

test('strongSwan asks again until a person has decided, and gets one certificate', {
  skip,
}, async () => {
  const { core, feed } = at.house
  await changeProfile(core, manual)
  const code = await at.expect('SWAN-0003')
  await makeRequest('SWAN-0003')
  const { promise: put, resolve } = Promise.withResolvers<PendingRequest>()
  const unfollow = feed.follow(({ puts }) => {
    for (const one of puts) if (one.kind === 'request') resolve(one.record)
  })
  // It waits for the longer of its own interval and Retry-After.
  const userpass = ['--userpass', `SWAN-0003:${code}`, '--interval', '1', '--maxpolltime', '60']
  const done = pki([...enrolWords(), ...userpass], 'approved.der')
  const row = await put
  unfollow()
  await approveRequest(row, undefined, { kind: 'person', id: 'psn_test' }, core)
  await done
  assert.match(certificate('approved.der').subject, /serialNumber=SWAN-0003/)
  const owned = { by: 'owner', equal: [row.device] } as const
  assert.equal(await core.ledger.count('certificate', owned), 1)
})
