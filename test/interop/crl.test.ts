// SPDX-License-Identifier: Apache-2.0
/** openssl and GnuTLS read our lists: full, sharded and delta, with a certificate that is revoked, held and let go. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { deltaCrl, fullCrl } from '#core/ledger/shards.ts'
import type { CertificateRecord } from '#core/ledger/tables.ts'
import { encodePem } from '#format/pem.ts'
import { addPump, certificateOf, enrolDevice, openTestCore, TestClock } from '../support/core.ts'
import { temporaryDirectory } from '../support/house.ts'
import { act, fullNumbered, listOf } from '../support/lists.ts'

const run = promisify(execFile)
const required = process.env.PEERS === 'required'

function without(program: string, ...words: string[]): string | false {
  const isThere = spawnSync(program, words).error === undefined
  return isThere || required ? false : `${program} is missing`
}

const skip = without('openssl', 'version')
const place = temporaryDirectory()
// Two days ago: GnuTLS looks at the clock of the machine, and lists are to be in force there.
const core = await openTestCore(
  undefined,
  new TestClock(Temporal.Now.instant().subtract({ hours: 48 })),
)
after(async () => {
  await core.close()
  rmSync(place, { recursive: true })
})

const pump = await addPump(core)
const device = await enrolDevice(core, pump, 'PUMP-1')
const neighbour = await enrolDevice(core, pump, 'PUMP-2')
const chain = core.doors.own
write('root.pem', 'CERTIFICATE', chain.find(({ kind }) => kind === 'root')?.certificate)
write('issuing.pem', 'CERTIFICATE', chain.find(({ kind }) => kind === 'issuing')?.certificate)
write('pump.pem', 'CERTIFICATE', device.certificate)
write('neighbour.pem', 'CERTIFICATE', neighbour.certificate)

function write(file: string, label: string, der: Uint8Array | undefined): void {
  writeFileSync(join(place, file), encodePem(label, der ?? assert.fail(file)))
}

async function writeLists(): Promise<void> {
  const { shard } = await certificateOf(core, device.id)
  const full = await listOf(core, fullCrl)
  const delta = await listOf(core, deltaCrl)
  write('full.pem', 'X509 CRL', full.der)
  write('delta.pem', 'X509 CRL', delta.der)
  write('base.pem', 'X509 CRL', await fullNumbered(core, delta.base ?? 0))
  write('shard.pem', 'X509 CRL', (await listOf(core, shard)).der)
  const root = await core.shelf.read('root', fullCrl)
  write('root-list.pem', 'X509 CRL', root?.der)
}

/** What `openssl verify` says of a certificate with these lists, at the time of the test's clock. */
async function verify(certificate: string, lists: readonly string[], ...more: readonly string[]) {
  const at = Math.floor(core.clock.now().epochMilliseconds / 1000)
  const words = ['verify', '-attime', `${at}`, '-CAfile', 'root.pem', '-untrusted', 'issuing.pem']
  const given = lists.flatMap((list) => ['-CRLfile', list])
  const all = [...words, '-crl_check_all', ...given, ...more, certificate]
  const { stdout, stderr } = await run('openssl', all, { cwd: place }).catch((error) => error)
  return `${stdout}${stderr}`
}

let record: CertificateRecord

test('openssl finds number, base and points where they belong', { skip }, async () => {
  await writeLists()
  const text = async (file: string) =>
    (await run('openssl', ['crl', '-in', file, '-noout', '-text'], { cwd: place })).stdout
  const [full, delta, shard] = [
    await text('full.pem'),
    await text('delta.pem'),
    await text('shard.pem'),
  ]
  assert.match(full, /Version 2/)
  assert.match(full, /X509v3 CRL Number: \n\s+\d+/)
  assert.match(full, /X509v3 Freshest CRL: \n(.*\n)*?.*delta\.crl/)
  assert.doesNotMatch(full, /Issuing Distribution Point|Delta CRL/)
  assert.match(delta, /X509v3 Delta CRL Indicator: critical\n\s+\d+/)
  assert.doesNotMatch(delta, /Freshest/)
  assert.match(
    shard,
    /X509v3 Issuing Distribution Point: critical\n(.*\n)*?.*\/crl\/issuing-1\/\d+\.crl/,
  )
  for (const file of ['full.pem', 'delta.pem', 'shard.pem']) {
    const words = ['crl', '-in', file, '-noout', '-CAfile', 'issuing.pem', '-partial_chain']
    const { stderr } = await run('openssl', words.slice(0, 6), { cwd: place })
    assert.match(stderr, /verify OK/, file)
  }
})

test('openssl believes a certificate by its shard alone, and by the full list', {
  skip,
}, async () => {
  await writeLists()
  for (const list of ['shard.pem', 'full.pem']) {
    assert.match(await verify('pump.pem', [list, 'root-list.pem'], '-extended_crl'), /pump.pem: OK/)
  }
  // A shard of other certificates says nothing of this one.
  const wrong = await core.shelf.read('issuing-1', 77)
  assert.equal(wrong, undefined)
  assert.match(await verify('pump.pem', ['root-list.pem']), /unable to get certificate CRL/)
})

test('openssl refuses what is held by its shard, by the full list, and by base and delta', {
  skip,
}, async () => {
  ;[record] = (await act(core, 'hold', [await certificateOf(core, device.id)])) as [
    CertificateRecord,
  ]
  await writeLists()
  for (const lists of [['shard.pem'], ['full.pem']])
    assert.match(
      await verify('pump.pem', [...lists, 'root-list.pem'], '-extended_crl'),
      /error 23.*\n?.*certificate revoked/,
    )
  const combined = ['base.pem', 'delta.pem', 'root-list.pem']
  assert.match(await verify('pump.pem', combined, '-use_deltas'), /certificate revoked/)
  // The base alone does not know it yet.
  assert.match(await verify('pump.pem', ['base.pem', 'root-list.pem']), /pump.pem: OK/)
  assert.match(await verify('neighbour.pem', combined, '-use_deltas'), /neighbour.pem: OK/)
})

test('openssl believes what was released again, by removeFromCRL in the delta', {
  skip,
}, async () => {
  // The held one gets on a base: only a delta can take it from there.
  core.clock.pass({ hours: 25 })
  await writeLists()
  await act(core, 'release', [record])
  await writeLists()
  const text = await run('openssl', ['crl', '-in', 'delta.pem', '-noout', '-text'], { cwd: place })
  assert.match(text.stdout, /Remove From CRL/)
  assert.match(await verify('pump.pem', ['base.pem', 'root-list.pem']), /certificate revoked/)
  for (const lists of [['shard.pem'], ['full.pem']])
    assert.match(
      await verify('pump.pem', [...lists, 'root-list.pem'], '-extended_crl'),
      /pump.pem: OK/,
    )
  assert.match(
    await verify('pump.pem', ['base.pem', 'delta.pem', 'root-list.pem'], '-use_deltas'),
    /pump.pem: OK/,
  )
})

const withoutCerttool = without('certtool', '--version')

test('GnuTLS finds the lists genuine, and the reasons in them', {
  skip: withoutCerttool,
}, async () => {
  await act(core, 'revoke', [await certificateOf(core, neighbour.id)])
  await writeLists()
  for (const file of ['full.pem', 'delta.pem', 'shard.pem']) {
    const verifying = ['--verify-crl', '--load-ca-certificate', 'issuing.pem', '--infile', file]
    const { stdout } = await run('certtool', verifying, { cwd: place })
    assert.match(stdout, /Verification output: Verified\.\s+The certificate is trusted/, file)
    const info = await run('certtool', ['--crl-info', '--infile', file], { cwd: place })
    assert.match(info.stdout, /Version: 2/)
    assert.match(info.stdout, /CRL Number \(not critical\)/)
    assert.match(
      info.stdout,
      new RegExp((await certificateOf(core, neighbour.id)).serialNumber.toHex()),
    )
  }
})
