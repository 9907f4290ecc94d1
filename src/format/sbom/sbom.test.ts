// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cyclonedx, openVex, spdx } from '../../../test/support/release-papers.ts'
import { FormatError } from '../format-error.ts'
import { parseCycloneDx } from './cyclonedx.ts'
import { countGaps, gapsOf } from './gaps.ts'
import { parseSbom } from './parse-sbom.ts'
import { parseSpdx } from './spdx.ts'
import { parseVex } from './vex.ts'

const digest = '01'.repeat(32)
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((all, one) => all + one, 0)

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'read'
  } catch (error) {
    if (error instanceof FormatError) return error.code
    throw error
  }
}

for (const version of ['1.4', '1.5', '1.6', '1.7']) {
  test(`a whole list of CycloneDX ${version} has no gap`, () => {
    const document = parseSbom(bytes(cyclonedx(digest, version)))
    assert.equal(document.form, `CycloneDX ${version}`)
    assert.deepEqual(
      document.describes.map(({ name, sha256 }) => [name, sha256]),
      [['pump', [digest]]],
    )
    assert.deepEqual([document.components.length, [...gapsOf(document)]], [2, []])
  })
}

test('what a product is assembled from is described with it, and what it only uses is not', () => {
  const bom = cyclonedx(digest)
  const [library] = bom.components
  const radio = { ...library, 'bom-ref': 'radio', name: 'radio.bin' }
  const main = { ...bom.metadata.component, components: [radio] }
  const whole = { ...bom, metadata: { ...bom.metadata, component: main } }
  const { describes } = parseSbom(bytes(whole))
  assert.deepEqual(
    describes.map(({ name }) => name),
    ['pump', 'radio.bin'],
  )
})

test('a whole list of SPDX 2.3 has no gap', () => {
  const document = parseSbom(bytes(spdx(digest)))
  assert.deepEqual([document.form, document.authors], ['SPDX 2.3', ['Acme']])
  assert.deepEqual(document.describes[0]?.sha256, [digest])
  assert.deepEqual([...gapsOf(document)], [])
})

test('each attribute that is taken away is one gap, named', () => {
  // biome-ignore lint/suspicious/noExplicitAny: the test takes members of a foreign document away
  const without: Record<string, (bom: any) => void> = {
    author: (bom) => delete bom.metadata.authors,
    timestamp: (bom) => delete bom.metadata.timestamp,
    supplier: (bom) => delete bom.components[0].supplier,
    version: (bom) => delete bom.components[0].version,
    hash: (bom) => delete bom.components[0].hashes,
    'unique-identifier': (bom) => delete bom.components[0].purl,
    relationship: (bom) => {
      bom.dependencies = [{ ref: 'app', dependsOn: [] }]
    },
    'support-level': (bom) => bom.components[0].properties.splice(0, 1),
    'end-of-support': (bom) => bom.components[0].properties.splice(1, 1),
  }
  for (const [attribute, take] of Object.entries(without)) {
    const bom = structuredClone(cyclonedx(digest))
    take(bom)
    const counts = countGaps(parseSbom(bytes(bom)))
    assert.deepEqual([counts[attribute as keyof typeof counts], sum(counts)], [1, 1], attribute)
  }
})

test('what SPDX says with NOASSERTION is not said', () => {
  const document = structuredClone(spdx(digest))
  Object.assign(document.packages[0]!, { supplier: 'NOASSERTION', versionInfo: 'NOASSERTION' })
  const counts = countGaps(parseSpdx(bytes(document)))
  assert.deepEqual([counts.supplier, counts.version, sum(counts)], [1, 1, 2])
})

test('components within components are counted, and an end of support that is no day is none', () => {
  const bom = structuredClone(cyclonedx(digest))
  const inner = { type: 'file', name: 'inner', 'bom-ref': 'inner' }
  Object.assign(bom.components[0]!, { components: [inner] })
  bom.components[0]!.properties[1]!.value = 'as long as people pay'
  const document = parseCycloneDx(bytes(bom))
  assert.deepEqual(
    document.components.map(({ name }) => name),
    ['pump', 'mbedtls', 'inner'],
  )
  assert.equal(countGaps(document)['end-of-support'], 2)
  for (const [day, gaps] of [
    ['2031-06-30', 1],
    ['2031-06-30T12:00:00Z', 1],
    ['2031-06-31', 2],
    ['2031-99-99T12:00:00Z', 2],
  ] as const) {
    bom.components[0]!.properties[1]!.value = day
    assert.equal(countGaps(parseCycloneDx(bytes(bom)))['end-of-support'], gaps, day)
  }
})

// biome-ignore lint/suspicious/noExplicitAny: the test bends foreign documents
const bent: Record<string, readonly [string, (of: { bom: any; spdx: any }) => unknown]> = {
  'another version of CycloneDX': [
    'version-unknown',
    ({ bom }) => ({ ...bom, specVersion: '1.3' }),
  ],
  'another version of SPDX': [
    'version-unknown',
    ({ spdx }) => ({ ...spdx, spdxVersion: 'SPDX-3.0' }),
  ],
  'neither form': ['value-not-allowed', () => ({ sbom: true })],
  'a list at the top': ['text-malformed', ({ bom }) => [bom]],
  'a component without a name': [
    'element-missing',
    ({ bom }) => ({ ...bom, components: [{ type: 'library' }] }),
  ],
  'components that are no list': ['text-malformed', ({ bom }) => ({ ...bom, components: {} })],
  'a ref twice': [
    'text-malformed',
    ({ bom }) => ({ ...bom, components: [bom.components[0], bom.components[0]] }),
  ],
  'a SHA-256 that is none': [
    'value-not-allowed',
    ({ bom }) => {
      bom.metadata.component.hashes[0].content = 'ab'
      return bom
    },
  ],
  'a time that is none': [
    'time-malformed',
    ({ bom }) => ({ ...bom, metadata: { ...bom.metadata, timestamp: 'yesterday' } }),
  ],
  'a package without an id': [
    'element-missing',
    ({ spdx }) => ({ ...spdx, packages: [{ name: 'x' }] }),
  ],
  'a package twice': [
    'text-malformed',
    ({ spdx }) => ({ ...spdx, packages: [spdx.packages[0], spdx.packages[0]] }),
  ],
  'a document of another id': [
    'value-not-allowed',
    ({ spdx }) => ({ ...spdx, SPDXID: 'SPDXRef-x' }),
  ],
  'a checksum that is none': [
    'value-not-allowed',
    ({ spdx }) => {
      spdx.packages[0].checksums[0].checksumValue = 'zz'
      return spdx
    },
  ],
}

for (const [what, [code, bend]] of Object.entries(bent)) {
  test(`an SBOM with ${what} is refused`, () => {
    const of = { bom: structuredClone(cyclonedx(digest)), spdx: structuredClone(spdx(digest)) }
    assert.equal(
      codeOf(() => parseSbom(bytes(bend(of)))),
      code,
    )
  })
}

test('what OpenVEX says of a product is read with its reason', () => {
  const product = { '@id': 'pkg:generic/acme/pump@2.4.1', hashes: { 'sha-256': digest } }
  const { form, statements } = parseVex(bytes(openVex(product)))
  assert.equal(form, 'OpenVEX 0.2.0')
  assert.deepEqual(statements, [
    {
      ...{ vulnerability: 'CVE-2026-1', status: 'not-affected' },
      because: 'vulnerable_code_not_in_execute_path',
      products: [{ identifiers: ['pkg:generic/acme/pump@2.4.1'], sha256: [digest] }],
    },
  ])
  const affected = parseVex(bytes(openVex(product, { status: 'affected' })))
  assert.equal(affected.statements[0]?.because, undefined, 'what is to be done is not said')
})

test('what CycloneDX says of vulnerabilities is said of the products that it names', () => {
  const analysis = { state: 'exploitable', response: ['update'] }
  const bom = {
    ...cyclonedx(digest),
    vulnerabilities: [
      { id: 'CVE-2026-2', analysis, affects: [{ ref: 'tls' }] },
      { id: 'CVE-2026-3', affects: [{ ref: 'app' }] },
    ],
  }
  const { statements } = parseVex(bytes(bom))
  assert.deepEqual(
    statements.map(({ status, because }) => [status, because]),
    [
      ['affected', 'update'],
      ['under-investigation', undefined],
    ],
  )
  assert.ok(statements[0]?.products.some(({ identifiers }) => identifiers.includes('tls')))
  assert.equal(
    codeOf(() => parseVex(bytes(cyclonedx(digest)))),
    'element-missing',
  )
})

test('a VEX document of another form, version or status is refused', () => {
  const vex = openVex({ '@id': 'x' })
  const codes = [
    { ...vex, '@context': 'https://example.com' },
    { ...vex, '@context': 'https://openvex.dev/ns/v0.9.0' },
    openVex({ '@id': 'x' }, { status: 'fine' }),
    openVex({ '@id': 'x', hashes: { 'sha-256': 'short' } }),
  ].map((one) => codeOf(() => parseVex(bytes(one))))
  assert.deepEqual(codes, [
    ...['value-not-allowed', 'version-unknown', 'value-not-allowed', 'value-not-allowed'],
  ])
})
