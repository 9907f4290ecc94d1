// SPDX-License-Identifier: Apache-2.0
/** An installation whose root was never on it: founded, answered by a ceremony or by openssl, serving. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { keyWasHere } from '#core/ledger/authority-origin.ts'
import { encodePem } from '#format/pem.ts'
import { readConfiguration } from '#house/configuration.ts'
import { examine } from '#house/doctor.ts'
import { bundleBytes, heldOf, scriptFile, sit, sittingPlace } from '../support/ceremony.ts'
import {
  enrolled,
  fetchStatus,
  openTestHouse,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { postgresPlace, withoutPostgres } from '../support/postgres.ts'

const words = ['--root', 'elsewhere', '--public-url', 'http://pki.test'] as const

function nodeCheck(house: TestHouse) {
  const configuration = readConfiguration(['--data', house.directory])
  return examine(house.core, configuration, { production: true })
}

test('it is founded without a root, waits, takes what a ceremony made, and serves', () =>
  foundedElsewhere([]))

test('the same in PostgreSQL', { skip: withoutPostgres }, async () =>
  foundedElsewhere(['--database', (await postgresPlace()).url]),
)

async function foundedElsewhere(store: readonly string[]): Promise<void> {
  const directory = temporaryDirectory()
  const first = [...words, '--twin', ...store]
  const waiting = await openTestHouse(directory, {}, first)
  assert.deepEqual(
    waiting.awaits.map(({ name, algorithm }) => [name, algorithm]),
    [
      ['issuing-1', 'p-256'],
      ['issuing-1-twin', 'ml-dsa-65'],
    ],
  )
  assert.equal(waiting.core.doors.own.length, 0)
  const [finding] = (await nodeCheck(waiting)).filter(({ check }) => check === 'authorities')
  assert.match(finding?.found ?? '', /waits for the certificate/)
  await waiting.stop()
  assert.deepEqual(waiting.troubles, [])
  assert.equal(existsSync(join(directory, 'root')), false)

  const place = await sittingPlace()
  for (const file of ['issuing-1.csr', 'issuing-1-twin.csr'])
    cpSync(join(directory, 'requests', file), join(place.directory, file))
  const held = heldOf(await sit(place, scriptFile(place, { environment: 'trial' })))

  // Whoever brings the bundle comes by the socket of a house that serves no device yet.
  const again = await openTestHouse(directory, {}, first)
  assert.equal(again.awaits.length, 2)
  const bundle = new TextDecoder().decode(bundleBytes(held))
  const imported = await askLocal(again, 'POST', '/ceremonies', { bundle })
  assert.equal(imported.status, 201, JSON.stringify(imported.document))
  assert.equal(imported.document.authorities.length, 2)
  const repeated = await askLocal(again, 'POST', '/ceremonies', { bundle })
  assert.equal(repeated.document.changed, false)
  await again.stop()

  const house = await openTestHouse(directory, {}, [...words, ...store])
  assert.deepEqual(house.awaits, [])
  const roots = house.core.doors.own.filter(({ kind }) => kind === 'root')
  assert.deepEqual(
    roots.map((root) => [root.name, root.key, keyWasHere(root)]),
    [
      ['root', null, false],
      ['root-twin', null, false],
    ],
  )
  const device = await enrolled(house, await withProduct(house), 'PUMP-1')
  assert.ok(device.certificate.length > 0)
  const list = await fetchStatus(house, '/crl/root.crl')
  assert.equal(list.status, 200)
  assert.equal((await fetchStatus(house, '/ca/root.crt')).status, 200)
  const away = (await nodeCheck(house)).find(({ check }) => check === 'root directory')
  assert.deepEqual([away?.verdict, away?.found], ['good', 'no root key was ever here'])
  // Its auditor sees who was there, and every line.
  const kept = await askLocal(house, 'GET', '/ceremonies')
  const [one] = kept.document.items
  const shown = await askLocal(house, 'GET', `/ceremonies/${one.id}`)
  assert.equal(shown.document.people.length, 6)
  assert.equal(shown.document.transcript[0].what, 'began')
  const exported = await askLocal(house, 'GET', `/ceremonies/${one.id}/export`)
  assert.equal(exported.document.bundle, bundle)
  const verified = await askLocal(house, 'POST', '/log/verify', {})
  assert.equal(verified.document.good, true, JSON.stringify(verified.document.findings))
  await house.stop()
  assert.deepEqual(house.troubles, [])
}

test('it takes a certificate that openssl signed below a root of its own', async () => {
  const directory = temporaryDirectory()
  const waiting = await openTestHouse(directory, {}, words)
  const ca = join(directory, 'corporate')
  mkdirSync(ca)
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: ca, stdio: 'pipe' })
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes'],
    ...['-keyout', 'root.key', '-out', 'root.pem', '-subj', '/O=Acme/CN=Corporate Root'],
    ...['-days', '3650', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  )
  writeFileSync(
    join(ca, 'ext'),
    [
      'basicConstraints=critical,CA:TRUE,pathlen:0',
      'keyUsage=critical,keyCertSign,cRLSign',
      'subjectKeyIdentifier=hash',
      'authorityKeyIdentifier=keyid',
    ].join('\n'),
  )
  const request = join(directory, 'requests', 'issuing-1.csr')
  openssl('req', '-in', request, '-verify', '-noout')
  openssl(
    ...['x509', '-req', '-in', request, '-CA', 'root.pem', '-CAkey', 'root.key'],
    ...['-CAcreateserial', '-days', '1825', '-extfile', 'ext', '-out', 'issuing.pem'],
  )
  const chain =
    readFileSync(join(ca, 'root.pem'), 'utf8') + readFileSync(join(ca, 'issuing.pem'), 'utf8')
  const asked = { name: 'issuing-1', chain, rootName: 'corporate' }
  const installed = await askLocal(waiting, 'POST', '/authorities/install', asked)
  assert.equal(installed.status, 201, JSON.stringify(installed.document))
  await waiting.stop()
  const house = await openTestHouse(directory, {}, words)
  const device = await enrolled(house, await withProduct(house), 'PUMP-1')
  const issuing = house.core.doors.own.find(({ kind }) => kind === 'issuing')
  writeFileSync(join(ca, 'device.pem'), encodePem('CERTIFICATE', device.certificate))
  writeFileSync(
    join(ca, 'chain.pem'),
    encodePem('CERTIFICATE', issuing?.certificate ?? new Uint8Array()),
  )
  openssl('verify', '-CAfile', 'root.pem', '-untrusted', 'chain.pem', 'device.pem')
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

test('where the root is made is decided once', async () => {
  const elsewhere = ['--root', 'elsewhere'] as const
  assert.throws(() => readConfiguration([...elsewhere]), /public-url: a root elsewhere needs one/)
  assert.throws(() => readConfiguration(['--root', 'nowhere']), /must be here or elsewhere/)
  const directory = temporaryDirectory()
  const house = await openTestHouse(directory, {}, ['--public-url', 'http://pki.test'])
  await house.stop()
  await assert.rejects(openTestHouse(directory, {}, words), /founded with its root here/)
  const other = temporaryDirectory()
  const waiting = await openTestHouse(other, {}, words)
  await waiting.stop()
  await assert.rejects(openTestHouse(other, {}, [...words, '--twin']), /founded without/)
})

test('a request that waits is the same at every start', async () => {
  const directory = temporaryDirectory()
  const digests = []
  for (let start = 0; start < 2; start++) {
    const waiting = await openTestHouse(directory, {}, words)
    digests.push(waiting.awaits[0]?.requestSha256.toHex())
    await waiting.stop()
  }
  assert.equal(digests[0], digests[1])
})
