// SPDX-License-Identifier: Apache-2.0
/** A maker of TPMs with an authority of its own, believed or not. */
import assert from 'node:assert/strict'
import { importBundle } from '#core/vendors/import-bundle.ts'
import { parseVendorBundle, vendorBundleFormat } from '#format/admin/vendor-bundle.ts'
import { oid } from '#format/der/oid.ts'
import { tpmAttributes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import type { Core } from '#house/core.ts'
import { sha256 } from '#trust/digest.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  keyIdentifierOf,
  makeEntity,
} from '../made-certificates.ts'
import { operator } from './core.ts'
import { type ForgedTpm, pairOf } from './forged-device.ts'

const span = {
  notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  notAfter: Temporal.Instant.from('2040-01-01T00:00:00Z'),
}

export interface TpmVendor {
  readonly root: Entity
  readonly certificate: Uint8Array
}

export async function makeVendor(name = 'Example TPM root'): Promise<TpmVendor> {
  const root = await makeEntity(`CN=${name}`, 'p-256')
  const certificate = await certifyAuthority(root, root, [], undefined, span)
  return { root, certificate: certificate.der }
}

/** Believes a maker. */
export async function believe(
  core: Core,
  { certificate }: TpmVendor,
  name = 'test',
): Promise<void> {
  const entry = {
    ...{ vendor: 'Example', kind: 'tpm', source: 'made by a test', intermediates: [] },
    roots: [encodePem('CERTIFICATE', certificate)],
  }
  const document = { format: vendorBundleFormat, name, version: 1, issued: '2026-11-29T00:00:00Z' }
  const bytes = new TextEncoder().encode(JSON.stringify({ ...document, entries: [entry] }))
  const imported = await importBundle(parseVendorBundle(bytes), sha256(bytes), operator, core)
  assert.equal(imported.kind, 'imported', JSON.stringify(imported))
}

/** The certificate of a chip's endorsement key, as its maker issues it. */
export async function certifyTpm({ root }: TpmVendor, tpm: ForgedTpm): Promise<Uint8Array> {
  const subject = { name: encodeName([]), pair: pairOf(tpm.endorsement) }
  const words = [
    [tpmAttributes.manufacturer, 'id:45584D50'],
    [tpmAttributes.model, 'TEST'],
    [tpmAttributes.version, 'id:00010002'],
  ] as const
  const name = encodeName(words.map(([type, value]) => [{ type, value }]))
  const extensions = [
    encodeExtension('authorityKeyIdentifier', { keyIdentifier: keyIdentifierOf(root) }),
    encodeExtension('basicConstraints', { ca: false }),
    encodeExtension('keyUsage', ['keyAgreement']),
    encodeExtension('extKeyUsage', [oid('2.23.133.8.1')]),
    encodeExtension('subjectAltName', [{ kind: 'directory', name }], true),
  ]
  return (await certify(subject, root, { extensions, ...span })).der
}
