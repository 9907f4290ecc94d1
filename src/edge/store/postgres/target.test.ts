// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '#core/fault.ts'
import { withDirectory } from '../store-testing.ts'
import { parseTarget } from './target.ts'

const wrong: Readonly<Record<string, RegExp>> = {
  'postgres://meter:secret@db/ledger': /holds a password.*database-password-file/,
  'postgres://meter:@db/ledger': /holds a password/,
  'postgres://meter@db/ledger?password=secret': /holds a password/,
  'postgres://db/ledger': /names no user/,
  'postgres://meter@db': /no URL of the form/,
  'mysql://meter@db/ledger': /no URL of the form/,
  'postgres://meter@/ledger': /names no host/,
  'postgres://meter@db:port/ledger': /names no host in "db:port"/,
  'postgres://meter@db/ledger?sslmode=prefer': /sslmode=prefer/,
  'postgres://meter@db/ledger?options=-c': /\?options=/,
  'postgres://meter@db/%zz': /starts no character/,
}

for (const [url, words] of Object.entries(wrong))
  test(`${url} is refused with words, and without its password`, () => {
    const fault = faultOf(() => parseTarget({ url }))
    assert.equal(fault.code, 'configuration-wrong')
    assert.match(fault.message, words)
    assert.doesNotMatch(fault.message, /secret/)
  })

test('a URL names several hosts, each with its port, or the directory of a socket', () => {
  const hosts = (url: string) => parseTarget({ url }).hosts.map(({ host, port }) => [host, port])
  assert.deepEqual(hosts('postgres://m@a,b:6000,[::1]:7000/l'), [
    ['a', 5_432],
    ['b', 6_000],
    ['::1', 7_000],
  ])
  assert.deepEqual(hosts('postgresql://m@/l?host=/run/postgresql'), [['/run/postgresql', 5_432]])
  assert.deepEqual(hosts('postgres://m@/l?host=/tmp/x:6000'), [['/tmp/x', 6_000]])
})

test('a host that is not this machine is asked for a certificate, unless the URL says otherwise', () => {
  const tls = (url: string) => parseTarget({ url }).hosts[0]?.tls
  assert.deepEqual(tls('postgres://m@db/l'), { ca: undefined })
  assert.equal(tls('postgres://m@db/l?sslmode=disable'), undefined)
  assert.equal(tls('postgres://m@127.0.0.1/l'), undefined)
  assert.equal(tls('postgres://m@/l?host=/tmp'), undefined)
})

test('the password is the line of its file, read each time', () =>
  withDirectory(async (directory) => {
    const passwordFile = join(directory, 'password')
    writeFileSync(passwordFile, 'first\n')
    const target = parseTarget({ url: 'postgres://m@db/l', passwordFile })
    assert.equal(target.password(), 'first')
    writeFileSync(passwordFile, 'second')
    assert.equal(target.password(), 'second')
    const missing = { url: 'postgres://m@db/l', passwordFile: join(directory, 'none') }
    assert.match(faultOf(() => parseTarget(missing)).message, /cannot read .*none/)
  }))

function faultOf(work: () => unknown): Fault {
  try {
    work()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  assert.fail('no fault was thrown')
}
