// SPDX-License-Identifier: Apache-2.0
/** Documents beside a release: what is read in them, and which are refused by name. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { parsePem } from '#format/pem.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { addPump, openTestCore, operator } from '../../../test/support/core.ts'
import {
  type Builder,
  builder,
  cyclonedx,
  enveloped,
  openVex,
  provenance,
  provenanceV02,
  spdx,
} from '../../../test/support/release-papers.ts'
import { attached, newRelease, stored } from '../../../test/support/releases.ts'
import type { Product, Release } from '../ledger/tables.ts'
import { attachPart, detachPart } from './attach.ts'
import { addBuilderKey, endBuilderKey } from './builder-keys.ts'
import { checkRelease, type ReleaseCheckName } from './checks.ts'
import { submitRelease } from './submit.ts'

const core = await openTestCore()
after(() => core.close())
const image = await stored(core, 'the image')
const other = await stored(core, 'another image')
const [digest, foreign] = [image.toHex(), other.toHex()]
let products = 0

interface Stage {
  readonly product: Product
  readonly release: Release
}

async function withImage(): Promise<Stage> {
  const product = await addPump(core, `pump ${products++}`)
  const draft = await newRelease(core, product)
  const part = { role: 'artefact', name: 'app.bin', sha256: image } as const
  return { product, release: (await attached(core, draft, part)).release }
}

async function attach(release: Release, role: 'sbom' | 'vex' | 'provenance', document: unknown) {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  const sha256 = await stored(core, text)
  return attachPart(release, { role, name: `${role}.json`, sha256 }, operator, core)
}

test('a document whose octets are no more what they were is believed in nothing', async () => {
  const { release } = await withImage()
  const attached = await attach(release, 'sbom', cyclonedx(digest))
  if (attached.kind === 'refused') return assert.fail(attached.detail)
  const file = await core.artefacts.file(attached.part.sha256)
  const path = file?.path ?? assert.fail('no file')
  const octets = readFileSync(path, 'utf8')
  writeFileSync(path, octets.replace('"version"', '"VERSION"'))
  const checks = await checkRelease(attached.release, core)
  writeFileSync(path, octets)
  const { good, detail } = checks.find(({ check }) => check === 'sbom-attached') ?? {}
  assert.equal(good, false)
  assert.match(detail ?? '', /have SHA-256/)
})

async function trusted(product: Product, { publicKey, id }: Builder, builders = [id]) {
  const key = importPublicKey(parseSubjectPublicKeyInfo(parsePem(publicKey)[0]!.bytes))
  if ('reason' in key) assert.fail(key.detail)
  const asked = { product: product.id, name: 'CI', builders }
  const added = await addBuilderKey(asked, key, operator, core)
  return added.kind === 'changed' ? added.key : assert.fail(added.detail)
}

function reasonOf(answer: { kind: string; reason?: string }): string | undefined {
  return answer.kind === 'refused' ? answer.reason : answer.kind
}

async function check(release: Release, name: ReleaseCheckName) {
  const found = (await checkRelease(release, core)).find((one) => one.check === name)
  return [found?.good, found?.detail]
}

for (const [form, make] of Object.entries({ CycloneDX: cyclonedx, SPDX: spdx })) {
  test(`an SBOM of ${form} is read, its gaps counted, and one of another artefact refused`, async () => {
    const { release } = await withImage()
    assert.equal(reasonOf(await attach(release, 'sbom', make(foreign))), 'sbom-of-another-artefact')
    const added = await attach(release, 'sbom', make(digest))
    assert.ok(added.kind === 'attached')
    const { facts } = added.part
    assert.deepEqual([facts['covers'], facts['gaps'], facts['supportGaps']], [[digest], 0, 0])
    const checks = await checkRelease(added.release, core)
    const good = checks.filter((one) => one.good).map(({ check }) => check)
    assert.deepEqual(
      good.filter((name) => name.startsWith('sbom')),
      [...['sbom-attached', 'sbom-complete', 'sbom-supported']],
    )
  })
}

test('an SBOM with gaps is attached, and stands against a release whose policy asks for all', async () => {
  const { release } = await withImage()
  const bom = structuredClone(cyclonedx(digest))
  delete (bom.components[0] as { supplier?: object }).supplier
  bom.components[0]!.properties = []
  const added = await attach(release, 'sbom', bom)
  assert.ok(added.kind === 'attached')
  assert.deepEqual(await check(added.release, 'sbom-attached'), [true, '1 sbom'])
  const [complete, detail] = await check(added.release, 'sbom-complete')
  assert.deepEqual([complete, /sbom.json: 1 baseline/.test(String(detail))], [false, true])
  assert.equal((await check(added.release, 'sbom-supported'))[0], false)
})

test('an SBOM whose artefact was taken away is refused when the release is submitted', async () => {
  const { release } = await withImage()
  const added = await attach(release, 'sbom', cyclonedx(digest))
  assert.ok(added.kind === 'attached')
  const replaced = await attached(core, added.release, {
    ...{ role: 'artefact', name: 'other.bin', sha256: other },
  })
  const { items } = await core.ledger.list('releasePart', {
    ...{ by: 'release', equal: [release.id], limit: 10 },
  })
  const first = items.find(({ name }) => name === 'app.bin')
  const taken = await detachPart(replaced.release, first!, operator, core)
  assert.ok(taken.kind === 'changed')
  assert.equal(
    reasonOf(await submitRelease(taken.release, operator, core)),
    'sbom-of-another-artefact',
  )
  assert.equal((await check(taken.release, 'sbom-attached'))[0], false)
})

test('what is said of vulnerabilities has to be of this release, by digest or by its SBOM', async () => {
  const { release } = await withImage()
  const tls = { '@id': 'pkg:github/Mbed-TLS/mbedtls@v2.28.10' }
  assert.equal(reasonOf(await attach(release, 'vex', openVex(tls))), 'vex-of-another-product')
  const byDigest = { '@id': 'x', hashes: { 'sha-256': digest } }
  const first = await attach(release, 'vex', openVex(byDigest))
  assert.ok(first.kind === 'attached')
  assert.deepEqual(await check(first.release, 'vex-settled'), [true, 'none missing'])
  const sbom = await attach(first.release, 'sbom', cyclonedx(digest))
  assert.ok(sbom.kind === 'attached')
  const text = JSON.stringify(openVex(tls, { status: 'under_investigation' }))
  const sha256 = await stored(core, text)
  const second = await attachPart(
    sbom.release,
    { role: 'vex', name: 'tls.json', sha256 },
    operator,
    core,
  )
  assert.ok(second.kind === 'attached')
  assert.equal((await check(second.release, 'vex-settled'))[0], false)
})

test('affected without what is done about it, and not affected without why, are not settled', async () => {
  const product = { '@id': 'x', hashes: { 'sha-256': digest } }
  const statements = [
    { status: 'affected', justification: undefined },
    { justification: undefined },
  ]
  for (const statement of statements) {
    const { release } = await withImage()
    const added = await attach(release, 'vex', openVex(product, statement))
    assert.ok(added.kind === 'attached')
    assert.equal(added.part.facts['open'], 1)
    assert.equal((await check(added.release, 'vex-settled'))[0], false)
  }
})

for (const [form, make] of Object.entries({ v1: provenance, 'v0.2': provenanceV02 })) {
  test(`provenance ${form} that a registered builder signed is believed`, async () => {
    const { product, release } = await withImage()
    const ci = builder()
    await trusted(product, ci)
    const added = await attach(release, 'provenance', enveloped(make(digest, ci), ci))
    assert.ok(added.kind === 'attached')
    const { facts } = added.part
    assert.deepEqual(
      [facts['form'], facts['builder'], facts['covers']],
      [`SLSA provenance ${form}`, ci.id, [digest]],
    )
    assert.deepEqual(await check(added.release, 'provenance-verified'), [true, '1 provenance'])
  })
}

test('provenance that is forged, foreign, or of another builder is refused', async () => {
  const { product, release } = await withImage()
  const [ci, stranger] = [builder(), builder()]
  const good = enveloped(provenance(digest, ci), ci)
  assert.equal(reasonOf(await attach(release, 'provenance', good)), 'provenance-not-trusted')
  await trusted(product, ci)
  const payload = new TextEncoder().encode(JSON.stringify(provenance(foreign, ci))).toBase64()
  const cases: readonly (readonly [object, string])[] = [
    [{ ...good, payload }, 'provenance-not-trusted'],
    [{ ...good, payloadType: 'text/plain' }, 'provenance-not-trusted'],
    [enveloped(provenance(digest, ci), stranger), 'provenance-not-trusted'],
    [enveloped(provenance(digest, { id: 'https://else' }), ci), 'provenance-not-trusted'],
    [enveloped(provenance(foreign, ci), ci), 'provenance-of-another-artefact'],
    [enveloped({ ...provenance(digest, ci), _type: 'x' }, ci), 'document-malformed'],
    [enveloped(provenance(digest, ci), ci, 'text/plain'), 'document-malformed'],
    [{ ...good, signatures: [] }, 'document-malformed'],
    [{ ...good, payload: '***' }, 'document-malformed'],
  ]
  for (const [document, reason] of cases)
    assert.equal(reasonOf(await attach(release, 'provenance', document)), reason, reason)
})

test('a builder that ended is believed no more, also of what was attached before', async () => {
  const { product, release } = await withImage()
  const ci = builder()
  const key = await trusted(product, ci)
  const added = await attach(release, 'provenance', enveloped(provenance(digest, ci), ci))
  assert.ok(added.kind === 'attached')
  const ended = await endBuilderKey(key, 'the runner was broken into', operator, core)
  assert.ok(ended.kind === 'changed')
  assert.equal(reasonOf(await endBuilderKey(ended.key, 'again', operator, core)), 'conflict')
  assert.equal((await check(added.release, 'provenance-verified'))[0], false)
  assert.equal(
    reasonOf(await submitRelease(added.release, operator, core)),
    'provenance-not-trusted',
  )
  const told = core.events.filter(({ type }) => type.startsWith('builder-key')).slice(-2)
  assert.deepEqual(
    told.map(({ type }) => type),
    ['builder-key-added', 'builder-key-ended'],
  )
})

test('a document that is no JSON, or says a member twice, is refused with the place', async () => {
  const { release } = await withImage()
  const twice = JSON.stringify(cyclonedx(digest)).replace('{', '{"bomFormat":"CycloneDX",')
  for (const text of ['<bom/>', twice]) {
    const answer = await attach(release, 'sbom', text)
    assert.ok(answer.kind === 'refused')
    assert.equal(answer.reason, 'document-malformed')
    assert.match(answer.detail, /sbom\.json: .*at offset \d+/)
  }
})
