// SPDX-License-Identifier: Apache-2.0
/** The papers of a build, as its tools write them: SBOM (CycloneDX), VEX (OpenVEX), provenance (SLSA in DSSE). */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dsseMessage } from '#format/provenance/dsse.ts'
import { inTotoPayloadType } from '#format/provenance/statement.ts'

/** Paths. */
export interface Papers {
  readonly sbom: string
  readonly vex: string
  readonly provenance: string
}

/** A service that builds, and says so by its signature. */
export interface Builder {
  readonly id: string
  readonly key: KeyObject
  /** PEM. */
  readonly publicKey: string
}

interface Subject {
  readonly name: string
  readonly sha256: string
}

export function makeBuilder(): Builder {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  return { id: 'https://ci.acme.example/builder/1', key: privateKey, publicKey: pem }
}

export function writePapers(
  place: string,
  version: string,
  files: Readonly<Record<string, Uint8Array>>,
  builder: Builder,
): Papers {
  const subjects = Object.entries(files).map(([name, octets]) => {
    return { name, sha256: createHash('sha256').update(octets).digest('hex') }
  })
  const write = (name: string, document: object) => {
    writeFileSync(join(place, name), JSON.stringify(document, undefined, 2))
    return join(place, name)
  }
  return {
    sbom: write('pump.cdx.json', sbomOf(version, subjects)),
    vex: write('pump.vex.json', vexOf(subjects)),
    provenance: write('pump.intoto.json', provenanceOf(version, subjects, builder)),
  }
}

const supported = [
  { name: 'cdx:fda:level-of-support', value: 'actively maintained' },
  { name: 'cdx:lifecycle:milestone:endOfSupport', value: '2036-12-31' },
]

function sbomOf(version: string, subjects: readonly Subject[]) {
  const firmware = subjects.map(({ name, sha256 }) => ({
    ...{ type: 'firmware', 'bom-ref': name, name, version, supplier: { name: 'Acme' } },
    purl: `pkg:generic/acme/${name}@${version}`,
    ...{ hashes: [{ alg: 'SHA-256', content: sha256 }], properties: supported },
  }))
  const library = {
    ...{ type: 'library', 'bom-ref': 'mbedtls', name: 'mbedtls', version: '2.28.10' },
    ...{ supplier: { name: 'Arm' }, purl: 'pkg:github/Mbed-TLS/mbedtls@v2.28.10' },
    ...{ hashes: [{ alg: 'SHA-1', content: 'ab'.repeat(20) }], properties: supported },
  }
  const pump = {
    ...{ type: 'firmware', 'bom-ref': 'pump', name: 'pump', version, supplier: { name: 'Acme' } },
    ...{ purl: `pkg:generic/acme/pump@${version}`, hashes: firmware[0]?.hashes },
    ...{ properties: supported, components: firmware },
  }
  return {
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${randomUUID()}` },
    version: 1,
    metadata: { timestamp: now(), authors: [{ name: 'Acme build' }], component: pump },
    components: [library],
    dependencies: [
      { ref: 'pump', dependsOn: subjects.map(({ name }) => name) },
      ...subjects.map(({ name }) => ({ ref: name, dependsOn: ['mbedtls'] })),
      { ref: 'mbedtls' },
    ],
  }
}

function vexOf(subjects: readonly Subject[]) {
  const products = subjects.map(({ name, sha256 }) => ({
    ...{ '@id': name, hashes: { 'sha-256': sha256 } },
  }))
  return {
    ...{ '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'https://acme.example/vex/1' },
    ...{ author: 'Acme PSIRT', timestamp: now(), version: 1 },
    statements: [
      {
        ...{ vulnerability: { name: 'CVE-2026-1' }, products, status: 'not_affected' },
        justification: 'vulnerable_code_not_in_execute_path',
      },
    ],
  }
}

function provenanceOf(version: string, subjects: readonly Subject[], { id, key }: Builder) {
  const source = `git+https://git.acme.example/pump@v${version}`
  const statement = {
    ...{ _type: 'https://in-toto.io/Statement/v1' },
    ...{ predicateType: 'https://slsa.dev/provenance/v1' },
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicate: {
      buildDefinition: {
        buildType: 'https://ci.acme.example/make/v1',
        externalParameters: {},
        resolvedDependencies: [{ uri: source, digest: { gitCommit: 'cd'.repeat(20) } }],
      },
      runDetails: { builder: { id } },
    },
  }
  const payload = new TextEncoder().encode(JSON.stringify(statement))
  const signature = sign('sha256', dsseMessage({ payloadType: inTotoPayloadType, payload }), key)
  return {
    payloadType: inTotoPayloadType,
    payload: payload.toBase64(),
    signatures: [{ keyid: '', sig: Uint8Array.from(signature).toBase64() }],
  }
}

function now(): string {
  return Temporal.Now.instant().toString({ smallestUnit: 'second' })
}
