// SPDX-License-Identifier: Apache-2.0
/** Secure elements in software, and the manifests and certificates that their makers would give. */
import { sign as signRaw } from 'node:crypto'
import type { Certificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import {
  authorityExtensions,
  certify,
  type Entity,
  makeEntity,
  type Wish,
} from '../made-certificates.ts'

export interface SoftElement {
  readonly uniqueId: string
  readonly keys: readonly KeyPair[]
}

/** An element with so many keys; its number is drawn from its first one. */
export async function softElement(keys = 2): Promise<SoftElement> {
  const pairs = await Promise.all(Array.from({ length: keys }, () => generateKey('p-256')))
  return { uniqueId: `0123${pairs[0]!.publicKey.fingerprint.toHex().slice(0, 14)}`, keys: pairs }
}

/** Who signs manifests. */
export interface Provisioner {
  readonly entity: Entity
  readonly certificate: Certificate
}

const span = {
  notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  notAfter: Temporal.Instant.from('2046-01-01T00:00:00Z'),
} satisfies Wish

export async function softProvisioner(
  algorithm: 'p-256' | 'p-384' = 'p-256',
): Promise<Provisioner> {
  const entity = await makeEntity('CN=Log Signer 001', algorithm)
  const extensions = [encodeExtension('keyUsage', ['digitalSignature'])]
  return { entity, certificate: await certify(entity, entity, { ...span, extensions }) }
}

/** An authority of a maker, and what it certifies. */
export interface Maker {
  readonly entity: Entity
  readonly root: Certificate
  /** The certificate of an element's first key. */
  certify(element: SoftElement, commonName?: string): Promise<Certificate>
}

export async function softMaker(name = 'CN=Element Root'): Promise<Maker> {
  const entity = await makeEntity(name)
  const root = await certify(entity, entity, { ...span, extensions: authorityExtensions(entity) })
  return {
    entity,
    root,
    certify: async ({ uniqueId, keys }, commonName = `${uniqueId.toUpperCase()} ATECC`) => {
      const { name: subject } = await makeEntity(`O=Chips,CN=${commonName}`)
      const extensions = [
        encodeExtension('basicConstraints', { ca: false }),
        encodeExtension('keyUsage', ['digitalSignature', 'keyAgreement']),
      ]
      return certify({ name: subject, pair: keys[0]! }, entity, { ...span, extensions })
    },
  }
}

/** What an entry says beside what it would; `undefined` leaves a member out. */
export interface EntryChange {
  readonly chain?: readonly Certificate[]
  readonly payload?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly uniqueId?: string
  readonly alterSignature?: boolean
}

/** One entry of a manifest, as Microchip's documentation shows it. */
export function manifestEntry(
  element: SoftElement,
  { entity, certificate }: Provisioner,
  change: EntryChange = {},
): object {
  const keys = element.keys.map(({ publicKey }, index) => {
    const point = publicKey.keyObject.export({ format: 'jwk' })
    const x5c = change.chain?.map(({ der }) => der.toBase64())
    return { kid: String(index), ...point, ...(index === 0 && x5c !== undefined && { x5c }) }
  })
  const payload = base64Url({
    ...{ version: 1, model: 'ATECC608B', partNumber: 'ATECC608B-TFLXTLS' },
    ...{ manufacturer: { organizationName: 'Chips Inc' }, groupId: '359SCE55NV38H3CB' },
    ...{ provisioningTimestamp: '2026-01-24T16:35:23.473Z', uniqueId: element.uniqueId },
    publicKeySet: { keys },
    ...change.payload,
  })
  const header = base64Url({
    ...{ typ: 'JWT', alg: 'ES256', kid: 'TCnpnzYB8M3CO776ByPJ2yX3KYo' },
    'x5t#S256': sha256(certificate.der).toBase64({ alphabet: 'base64url', omitPadding: true }),
    ...change.header,
  })
  const key = { key: entity.pair.privateKey, dsaEncoding: 'ieee-p1363' } as const
  const signature = new Uint8Array(
    signRaw('sha256', new TextEncoder().encode(`${header}.${payload}`), key),
  )
  if (change.alterSignature) signature[9]! ^= 1
  return {
    payload,
    protected: header,
    header: { uniqueId: change.uniqueId ?? element.uniqueId },
    signature: signature.toBase64({ alphabet: 'base64url', omitPadding: true }),
  }
}

function base64Url(document: object): string {
  return new TextEncoder()
    .encode(JSON.stringify(document))
    .toBase64({ alphabet: 'base64url', omitPadding: true })
}
