// SPDX-License-Identifier: Apache-2.0
/** A small authority for the tests of the device clients: it signs whatever a test asks. */
import { randomBytes } from 'node:crypto'
import { draftLink } from '#core/authority/link.ts'
import { keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import {
  type Certificate,
  encodeSigned,
  encodeTbsCertificate,
  parseCertificate,
} from '#format/x509/certificate.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import { type Name, parseNameText } from '#format/x509/name.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, type KeyPair, sign } from '#trust/private-key.ts'

export interface TestAuthority {
  readonly certificate: Certificate
  readonly keys: KeyPair
}

export interface Draft {
  readonly subject: Name
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  readonly notBefore: Temporal.Instant
  readonly notAfter: Temporal.Instant
  readonly extensions: readonly Extension[]
}

export const forLife = Temporal.Instant.from('9999-12-31T23:59:59Z')

export async function makeRoot(
  name: string,
  algorithm: KeyAlgorithmName = 'p-256',
  notBefore = Temporal.Instant.from('2026-11-01T00:00:00Z'),
): Promise<TestAuthority> {
  const keys = await generateKey(algorithm)
  const draft = authorityDraft(name, keys, notBefore)
  return { certificate: await signDraft(draft, { keys, name: draft.subject }), keys }
}

export async function makeIssuer(name: string, root: TestAuthority): Promise<TestAuthority> {
  const keys = await generateKey('p-256')
  const certificate = await issue(root, authorityDraft(name, keys, root.certificate.notBefore))
  return { certificate, keys }
}

/** The link by which one root vouches for the key of another of its name. */
export async function linkTo(
  certified: TestAuthority,
  signer: TestAuthority,
): Promise<Certificate> {
  const draft = draftLink({
    ...{ certified: certified.certificate, signer: signer.certificate },
    serialNumber: positive(randomBytes(16)),
  })
  if (draft.kind === 'refused') throw new Error(draft.detail)
  const { toBeSigned, signatureAlgorithm } = draft
  const signature = await sign(signer.keys.privateKey, signatureAlgorithm, toBeSigned)
  return parseCertificate(encodeSigned(toBeSigned, signatureAlgorithm.identifier, signature))
}

/** Signs a draft; the authority and subject key identifiers are added. */
export function issue(issuer: TestAuthority, draft: Draft): Promise<Certificate> {
  const { keys, certificate } = issuer
  return signDraft(draft, { keys, name: certificate.subject })
}

/** A TLS server's certificate with its key, for these names; without any, for `localhost` in its subject alone. */
export async function issueServer(
  issuer: TestAuthority,
  validity: { readonly notBefore: Temporal.Instant; readonly notAfter: Temporal.Instant },
  names: readonly string[] = ['localhost'],
  purpose = keyPurposes.serverAuth,
  more: readonly Certificate[] = [],
) {
  const keys = await generateKey('p-256')
  const certificate = await issue(issuer, {
    subject: parseNameText(names.length === 0 ? 'CN=localhost' : 'CN=test server'),
    publicKey: keys.publicKey.spki,
    ...validity,
    extensions: [
      encodeExtension('basicConstraints', { ca: false }),
      encodeExtension('keyUsage', ['digitalSignature']),
      encodeExtension('extKeyUsage', [purpose]),
      ...(names.length === 0 ? [] : [alternativeName(names)]),
    ],
  })
  return {
    key: String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: pemOf([certificate, issuer.certificate, ...more]),
  }
}

function alternativeName(names: readonly string[]): Extension {
  return encodeExtension('subjectAltName', [
    ...names.map((value) => ({ kind: 'dns', value }) as const),
    { kind: 'ip', bytes: Uint8Array.of(127, 0, 0, 1) },
  ])
}

export function pemOf(certificates: readonly Certificate[]): string {
  return certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('')
}

export function fingerprintOf({ der }: Certificate): string {
  return sha256(der).toHex()
}

function authorityDraft(name: string, keys: KeyPair, notBefore: Temporal.Instant): Draft {
  return {
    subject: parseNameText(`CN=${name}`),
    publicKey: keys.publicKey.spki,
    notBefore,
    notAfter: forLife,
    extensions: [
      encodeExtension('basicConstraints', { ca: true }),
      encodeExtension('keyUsage', ['keyCertSign', 'cRLSign']),
    ],
  }
}

async function signDraft(
  draft: Draft,
  issuer: { readonly keys: KeyPair; readonly name: Name },
): Promise<Certificate> {
  const row = signatureAlgorithmFor(issuer.keys.publicKey.algorithm)
  const tbs = encodeTbsCertificate({
    ...draft,
    notBefore: wholeSecond(draft.notBefore),
    notAfter: wholeSecond(draft.notAfter),
    serialNumber: positive(randomBytes(16)),
    signatureAlgorithm: row.identifier,
    issuer: issuer.name,
    extensions: [
      ...draft.extensions,
      encodeExtension('subjectKeyIdentifier', sha256(draft.publicKey).slice(0, 20)),
      encodeExtension('authorityKeyIdentifier', {
        keyIdentifier: sha256(issuer.keys.publicKey.spki).slice(0, 20),
      }),
    ],
  })
  const signature = await sign(issuer.keys.privateKey, row, tbs)
  return parseCertificate(encodeSigned(tbs, row.identifier, signature))
}

function wholeSecond(instant: Temporal.Instant): Temporal.Instant {
  return instant.round({ smallestUnit: 'second', roundingMode: 'floor' })
}

/** Makes the first octet 01 to 7f: positive and minimal. */
function positive(octets: Uint8Array): Uint8Array {
  const number = Uint8Array.from(octets)
  number[0] = ((number[0] ?? 0) & 0x7f) | 0x01
  return number
}
