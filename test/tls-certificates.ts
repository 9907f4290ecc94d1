// SPDX-License-Identifier: Apache-2.0
/** Certificates for the tests of TLS, made by another implementation than ours. */
import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const hour = 3_600_000

export interface TestIdentity {
  /** PKCS #8, PEM. */
  readonly key: string
  /** DER, leaf first, without the root. */
  readonly chain: readonly Uint8Array[]
}

export interface TestAuthority {
  /** DER of the root. */
  readonly root: Uint8Array
  readonly rootPem: string
  /** A leaf below the issuing authority, for localhost and 127.0.0.1. */
  issue(commonName: string): Promise<TestIdentity>
  /** A leaf for the subject and key of a PKCS #10 in DER, unchecked. */
  certify(pkcs10: Uint8Array): Promise<Uint8Array>
  /** DER of root and issuing authority. */
  readonly all: readonly Uint8Array[]
}

/** A root and an issuing authority, valid for an hour around now. */
export async function makeTestAuthority(name = 'Test'): Promise<TestAuthority> {
  const [rootKeys, issuingKeys] = await Promise.all([makeKeys(), makeKeys()])
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name} Root`,
    keys: rootKeys,
    signingAlgorithm: p256,
    ...validity(),
    extensions: authorityExtensions(),
  })
  const issuing = await x509.X509CertificateGenerator.create({
    subject: `CN=${name} Issuing`,
    issuer: root.subject,
    publicKey: issuingKeys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: p256,
    ...validity(),
    extensions: authorityExtensions(),
  })
  return {
    root: new Uint8Array(root.rawData),
    rootPem: `${root.toString('pem')}\n`,
    all: [new Uint8Array(root.rawData), new Uint8Array(issuing.rawData)],
    certify: async (pkcs10) => {
      const request = new x509.Pkcs10CertificateRequest(Uint8Array.from(pkcs10))
      const leaf = await x509.X509CertificateGenerator.create({
        subject: request.subject,
        issuer: issuing.subject,
        publicKey: request.publicKey,
        signingKey: issuingKeys.privateKey,
        signingAlgorithm: p256,
        ...validity(),
      })
      return new Uint8Array(leaf.rawData)
    },
    issue: async (commonName) => {
      const keys = await makeKeys()
      const leaf = await x509.X509CertificateGenerator.create({
        subject: `CN=${commonName}`,
        issuer: issuing.subject,
        publicKey: keys.publicKey,
        signingKey: issuingKeys.privateKey,
        signingAlgorithm: p256,
        ...validity(),
        extensions: [
          new x509.SubjectAlternativeNameExtension([
            { type: 'dns', value: 'localhost' },
            { type: 'ip', value: '127.0.0.1' },
          ]),
        ],
      })
      return {
        key: await exportKey(keys.privateKey),
        chain: [new Uint8Array(leaf.rawData), new Uint8Array(issuing.rawData)],
      }
    },
  }
}

export function pemOf(chain: readonly Uint8Array[]): string {
  return chain
    .map((der) => `${new x509.X509Certificate(Uint8Array.from(der)).toString('pem')}\n`)
    .join('')
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(p256, true, ['sign', 'verify'])
}

async function exportKey(key: CryptoKey): Promise<string> {
  const der = new Uint8Array(await crypto.subtle.exportKey('pkcs8', key))
  return `-----BEGIN PRIVATE KEY-----\n${der.toBase64().replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
}

function validity() {
  const now = Date.now()
  return { notBefore: new Date(now - hour), notAfter: new Date(now + hour) }
}

function authorityExtensions() {
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ]
}
