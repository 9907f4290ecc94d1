// SPDX-License-Identifier: Apache-2.0
/** Documents that stand beside a release, as tools write them. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { dsseMessage } from '#format/provenance/dsse.ts'
import { inTotoPayloadType } from '#format/provenance/statement.ts'

const supported = () => [
  { name: 'cdx:fda:level-of-support', value: 'actively maintained' },
  { name: 'cdx:lifecycle:milestone:endOfSupport', value: '2036-12-31' },
]

/** A bom in which nothing is missing. */
export function cyclonedx(sha256: string, specVersion = '1.6') {
  return {
    bomFormat: 'CycloneDX',
    specVersion,
    serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
    version: 1,
    metadata: {
      timestamp: '2026-11-01T12:00:00+01:00',
      authors: [{ name: 'Acme build' }],
      component: {
        ...{ type: 'firmware', 'bom-ref': 'app', name: 'pump', version: '2.4.1' },
        ...{ supplier: { name: 'Acme' }, purl: 'pkg:generic/acme/pump@2.4.1' },
        ...{ hashes: [{ alg: 'SHA-256', content: sha256 }], properties: supported() },
      },
    },
    components: [
      {
        ...{ type: 'library', 'bom-ref': 'tls', name: 'mbedtls', version: '2.28.10' },
        ...{ supplier: { name: 'Arm' }, purl: 'pkg:github/Mbed-TLS/mbedtls@v2.28.10' },
        ...{ hashes: [{ alg: 'SHA-1', content: 'ab'.repeat(20) }], properties: supported() },
      },
    ],
    dependencies: [{ ref: 'app', dependsOn: ['tls'] }, { ref: 'tls' }],
  }
}

/** An SPDX document in which nothing is missing. */
export function spdx(sha256: string) {
  const annotation = {
    ...{ annotationType: 'OTHER', annotator: 'Organization: Acme' },
    ...{ annotationDate: '2026-11-01T11:00:00Z', comment: 'support-level: actively maintained' },
  }
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: 'pump-2.4.1',
    documentNamespace: 'https://acme.example/spdx/pump-2.4.1',
    creationInfo: {
      created: '2026-11-01T11:00:00Z',
      creators: ['Organization: Acme', 'Tool: maker-1'],
    },
    packages: [
      {
        ...{ SPDXID: 'SPDXRef-app', name: 'pump', versionInfo: '2.4.1' },
        ...{ supplier: 'Organization: Acme', downloadLocation: 'NOASSERTION' },
        ...{ validUntilDate: '2036-12-31T00:00:00Z', annotations: [annotation] },
        checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }],
        externalRefs: [
          {
            ...{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl' },
            referenceLocator: 'pkg:generic/acme/pump@2.4.1',
          },
        ],
      },
    ],
    relationships: [
      {
        ...{ spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES' },
        relatedSpdxElement: 'SPDXRef-app',
      },
      {
        ...{ spdxElementId: 'SPDXRef-app', relationshipType: 'CONTAINS' },
        relatedSpdxElement: 'NONE',
      },
    ],
  }
}

/** An OpenVEX document with one statement of a product. */
export function openVex(product: object, statement: object = {}) {
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://acme.example/vex/2026-1',
    author: 'Acme PSIRT',
    timestamp: '2026-11-02T00:00:00Z',
    version: 1,
    statements: [
      {
        ...{ vulnerability: { name: 'CVE-2026-1' }, products: [product] },
        ...{ status: 'not_affected', justification: 'vulnerable_code_not_in_execute_path' },
        ...statement,
      },
    ],
  }
}

export interface Builder {
  readonly id: string
  readonly privateKey: KeyObject
  /** PEM. */
  readonly publicKey: string
}

export function builder(id = 'https://ci.acme.example/builder/1'): Builder {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { id, privateKey, publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString() }
}

/** SLSA provenance v1 of a build, unsigned. */
export function provenance(sha256: string, { id }: Pick<Builder, 'id'>) {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'app.bin', digest: { sha256 } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://ci.acme.example/make/v1',
        externalParameters: {},
        resolvedDependencies: [
          {
            uri: 'git+https://git.acme.example/pump@v2.4.1',
            digest: { gitCommit: 'cd'.repeat(20) },
          },
        ],
      },
      runDetails: { builder: { id } },
    },
  }
}

/** The same as SLSA 0.2 has it. */
export function provenanceV02(sha256: string, { id }: Pick<Builder, 'id'>) {
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [{ name: 'app.bin', digest: { sha256 } }],
    predicateType: 'https://slsa.dev/provenance/v0.2',
    predicate: {
      builder: { id },
      buildType: 'https://ci.acme.example/make/v1',
      materials: [{ uri: 'git+https://git.acme.example/pump', digest: { sha1: 'ef'.repeat(20) } }],
    },
  }
}

/** A statement in an envelope that the builder signed. */
export function enveloped(
  statement: object,
  { privateKey }: Pick<Builder, 'privateKey'>,
  payloadType: string = inTotoPayloadType,
) {
  const payload = new TextEncoder().encode(JSON.stringify(statement))
  const signature = sign('sha256', dsseMessage({ payloadType, payload }), privateKey)
  return {
    payloadType,
    payload: payload.toBase64(),
    signatures: [{ keyid: '', sig: Uint8Array.from(signature).toBase64() }],
  }
}
