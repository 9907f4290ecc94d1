// SPDX-License-Identifier: Apache-2.0
/** A build becomes a release, as people do it at the command line, against a server that runs. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { settle } from '#core/ledger/settle.ts'
import { markApproved, markSigned } from '#core/releases/mark.ts'
import { parseReleaseManifest } from '#format/release/manifest.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { sha256 } from '#trust/digest.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { openTestHouse, temporaryDirectory, withProduct } from '../support/house.ts'
import { callApi } from '../support/local-api.ts'
import { builder, cyclonedx, enveloped, openVex, provenance } from '../support/release-papers.ts'

const house = await openTestHouse()
after(() => house.stop())
const product = await withProduct(house, 'pump')
const place = temporaryDirectory()
const program = join(import.meta.dirname, '../../bin/vitalsign')
const image = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 17) % 241)
const digest = sha256(image).toHex()

function vitalsign(...words: string[]) {
  const { promise, resolve } = Promise.withResolvers<{ status: number; out: string; err: string }>()
  execFile(program, [...words, '--data', house.directory], { cwd: place }, (error, out, err) =>
    resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err }),
  )
  return promise
}

// biome-ignore lint/suspicious/noExplicitAny: a journey reads what it expects
async function told(...words: string[]): Promise<any> {
  const { status, out, err } = await vitalsign(...words, '--json')
  assert.equal(status, 0, `${words.join(' ')}: ${err}`)
  return JSON.parse(out)
}

/** The same server without the start of a program for each question. */
// biome-ignore lint/suspicious/noExplicitAny: a journey reads what it expects
async function asked(method: string, path: string, input?: object): Promise<any> {
  const { status, body } = await callApi(house, method, path, input)
  assert.ok(status < 300, body.detail)
  return body
}

const page = () => asked('GET', `/releases/${release}`)

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(join(place, name), content)
  return name
}

const file = write('app.bin', image)
const ci = builder()
const paper = (name: string, document: unknown) => write(name, JSON.stringify(document))
let release = ''

test('a draft takes a build and its papers, and refuses those of another build', async () => {
  const words = ['release', 'create', 'pump', '2.4.1', '--security-version', '7']
  const draft = await told(
    ...words,
    '--kind',
    'security',
    '--support-until',
    '2036-01-01T00:00:00Z',
  )
  release = draft.id
  assert.deepEqual([draft.state, draft.environment], ['draft', 'trial'])
  const part = await told('release', 'attach', release, '--file', file)
  assert.deepEqual([part.name, part.sha256], ['app.bin', digest])
  const foreign = paper('other.cdx.json', cyclonedx('ab'.repeat(32)))
  const no = await vitalsign('release', 'attach', release, '--role', 'sbom', '--file', foreign)
  assert.equal(no.status, 1)
  assert.match(no.err, /none of which is an artefact of this release/)
  const bom = structuredClone(cyclonedx(digest))
  delete (bom.components[0] as { supplier?: object }).supplier
  const sbom = await vitalsign(
    ...['release', 'attach', release, '--role', 'sbom', '--file', paper('app.cdx.json', bom)],
  )
  assert.match(sbom.out, /sbom app\.cdx\.json: form CycloneDX 1\.6, .*components 2, gaps 1/)
  const said = await vitalsign('release', 'gaps', release)
  assert.match(said.out, /^app\.cdx\.json {2}mbedtls 2\.28\.10: no supplier$/m)
  const gaps = await vitalsign('release', 'gaps', release, '--json')
  assert.deepEqual(JSON.parse(gaps.out), {
    ...{ sbom: 'app.cdx.json', component: 'mbedtls', componentVersion: '2.28.10' },
    missing: ['supplier'],
  })
  const vex = paper('vex.json', openVex({ '@id': 'pump', hashes: { 'sha-256': digest } }))
  await told('release', 'attach', release, '--role', 'vex', '--file', vex)
  const statement = paper('slsa.json', enveloped(provenance(digest, ci), ci))
  const early = await vitalsign(
    ...['release', 'attach', release, '--role', 'provenance', '--file', statement],
  )
  assert.match(early.err, /signed by no key of the 0 that are registered/)
  const key = ['--public-key', write('ci.pub', ci.publicKey), '--builder', ci.id]
  await told('builder-key', 'add', 'CI of Acme', '--product', 'pump', ...key)
  await told('release', 'attach', release, '--role', 'provenance', '--file', statement)
  const report = { uri: 'https://ci.acme.example/12', sha256: 'cd'.repeat(32), outcome: 'passed' }
  await asked('POST', `/releases/${release}/tests`, { name: 'HIL 12', ...report })
  const listed = await asked('GET', `/builder-keys?product=${product.id}`)
  assert.equal(listed.items.length, 1)
})

test('the very octets that are kept are scanned, and the newest result counts', async () => {
  const before = await page()
  const scan = (shown: { checks: { check: string; passed: boolean }[] }) =>
    shown.checks.find(({ check }) => check === 'scan-clean')?.passed
  assert.equal(scan(before), false)
  const { status, out } = await vitalsign('release', 'scan', release)
  assert.match(out, /^app\.bin {2}[0-9a-f]{64}\nclean: 0 found/)
  assert.equal(status, 0)
  assert.equal(scan(await page()), true)
  const again = await vitalsign('release', 'scan', release)
  assert.deepEqual(again, { ...again, status, out }, 'once is enough, and is told again')
})

/** Whoever approves does so with a key of their own; here it is done as the policy would find it done. */
async function approved(): Promise<void> {
  const record = (await house.core.ledger.read('release', release))!
  const change = markApproved(record, 1, { kind: 'person', id: 'psn_ada' }, house.core)
  assert.equal(await settle(change, house.core.ledger), undefined)
}

test('what is submitted is one text, and a change of one byte leads back to a draft', async () => {
  const submitted = await asked('POST', `/releases/${release}/submit`, {})
  assert.equal(submitted.state, 'submitted')
  const { manifest, sha256: said } = await asked('GET', `/releases/${release}/manifest`)
  assert.equal(sha256(new TextEncoder().encode(manifest)).toHex(), said)
  const read = parseReleaseManifest(new TextEncoder().encode(manifest))
  assert.deepEqual(
    [read.artefacts.length, read.attachments.length, read.tests.length, read.scans.length],
    [1, 3, 1, 1],
  )
  await approved()
  const changed = write('app2.bin', image.with(5, image[5]! ^ 1))
  await told('release', 'attach', release, '--name', 'radio.bin', '--file', changed)
  const after = await page()
  assert.deepEqual([after.state, after.manifestSha256], ['draft', null])
  const part = after.parts.find(({ name }: { name: string }) => name === 'radio.bin')
  await asked('POST', `/releases/${release}/parts/${part.id}/detach`, {})
  await asked('POST', `/releases/${release}/submit`, {})
  await house.sequence()
  const again = await page()
  assert.notEqual(again.manifestSha256, submitted.manifestSha256, 'it is another revision')
  const [change] = again.events.filter(({ type }: { type: string }) => type === 'release-changed')
  assert.deepEqual([change.facts.act, change.facts.from], ['detach', 'draft'])
})

test('the page tells the whole story, and is proved without the server', async () => {
  await approved()
  const record = (await house.core.ledger.read('release', release))!
  const marked = await markSigned(record, 0, { kind: 'person', id: 'psn_ada' }, house.core)
  assert.ok(marked.kind === 'marked')
  assert.equal(await settle(marked, house.core.ledger), undefined)
  await asked('POST', `/releases/${release}/publish`, {})
  await house.sequence()
  const { out, err } = await vitalsign('release', 'show', release)
  assert.match(out, /^pump 2\.4\.1: published/, err)
  for (const line of [
    /security version +7/,
    /scan-clean +good: 1 clean since/,
    /not asked: app\.cdx\.json: 1 baseline attributes are missing/,
    /proved .* release-published /,
    /made by +somebody at the server itself \(local\), /,
  ])
    assert.match(out, line)
  assert.doesNotMatch(out, /not proved/)
  const whole = await vitalsign('release', 'show', release, '--json')
  const { logOrigin, logPublicKey } = house.core.installation
  const logKey = noteKeyOf(logOrigin, Uint8Array.fromHex(logPublicKey))
  const key = write('log.key', encodeNoteKey(logKey))
  const text = await asked('GET', `/releases/${release}/manifest`)
  const manifest = write('manifest.json', text.manifest)
  const good = write('page.json', whole.out)
  const check = ['--log-key', key, '--manifest', manifest]
  const checked = await vitalsign('release', 'check', good, ...check)
  assert.deepEqual([checked.status, /wrong/.test(checked.out)], [0, false], checked.out)
  const forged = write(
    'forged.json',
    whole.out.replaceAll('release-published', 'release-withdrawn'),
  )
  assert.equal((await vitalsign('release', 'check', forged, ...check)).status, 1)
  const shown = JSON.parse(whole.out)
  const bent = {
    'of another release': { id: `rel_${'0'.repeat(32)}` },
    'without events': { events: [] },
    'in another state': { state: 'approved' },
    'of another manifest': { manifestSha256: 'ab'.repeat(32) },
    'with other octets': { parts: [{ ...shown.parts[0], sha256: 'ab'.repeat(32) }] },
    'without a part': { parts: shown.parts.slice(1) },
    'with somebody’s approval': {
      approvals: [
        {
          ...{ id: `apv_${'0'.repeat(32)}`, person: `psn_${'0'.repeat(32)}`, name: 'Ada' },
          ...{ act: 'approve', role: 'quality', meaning: 'fine', statedAt: shown.createdAt },
          ...{ takenAt: shown.createdAt, manifestSha256: shown.manifestSha256 },
          ...{ voidedAt: null, voidedBecause: null },
        },
      ],
    },
    'with a signed file': {
      signed: [
        {
          ...{ id: `sga_${'0'.repeat(32)}`, part: shown.parts[0].id, name: 'app.signed.bin' },
          ...{ form: 'mcuboot', sourceSha256: digest, sha256: digest, octets: 1, keys: [] },
          ...{ isTimeStamped: false, timeStamp: null, facts: {}, signedAt: shown.createdAt },
        },
      ],
    },
  }
  for (const [what, change] of Object.entries(bent)) {
    const path = write('bent.json', JSON.stringify({ ...shown, ...change }))
    const { status, out: lines } = await vitalsign('release', 'check', path, '--log-key', key)
    assert.deepEqual([status, /^wrong/m.test(lines)], [1, true], `${what}: ${lines}`)
  }
  const turned = { ...shown, log: { ...shown.log, rootSha256: 'ab'.repeat(32) } }
  const other = write('turned.json', JSON.stringify(turned))
  assert.equal((await vitalsign('release', 'check', other, ...check)).status, 1)
})

test('a file of a release is fetched by its name, and held against its digest', async () => {
  const { status } = await vitalsign(
    ...['release', 'download', release, 'app.bin', '--output', 'fetched.bin'],
  )
  assert.equal(status, 0)
  assert.deepEqual(Uint8Array.from(readFileSync(join(place, 'fetched.bin'))), image)
  const none = await vitalsign('release', 'download', release, 'nothing.bin')
  assert.match(none.err, /no file named nothing\.bin/)
})

test('a release is withdrawn and listed, and says why', async () => {
  const gone = await told(
    'release',
    'withdraw',
    release,
    '--because',
    'the pump stops at 4 degrees',
  )
  assert.equal(gone.state, 'withdrawn')
  const { items } = await asked('GET', `/releases?product=${product.id}`)
  assert.deepEqual([items.length, items[0].because], [1, 'the pump stops at 4 degrees'])
})
