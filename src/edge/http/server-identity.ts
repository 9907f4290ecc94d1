// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Clock } from '#core/ports.ts'
import { encodePem } from '#format/pem.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeName } from '#format/x509/name.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { encodePrivateKey, generateKey, type KeyPair, sign } from '#trust/private-key.ts'
import type { TlsIdentity } from './device-front.ts'

export interface ServerIdentityPorts {
  readonly clock: Clock
  /** DNS names and addresses that the certificate must carry. */
  readonly names: readonly string[]
  /** Of its key. */
  readonly algorithm: KeyAlgorithmName
  /** Whether the authority of a chain, DER, leaf first, issues no more while another does. */
  isSucceeded(chain: readonly Uint8Array[]): boolean
  /** What was kept last; undefined: nothing, or nothing that can be read. */
  read(): Promise<TlsIdentity | undefined>
  /** Keeps key and chain for `read`, MUST be all or nothing; the key is in the clear. */
  write(identity: TlsIdentity): Promise<void>
  /** Takes PKCS #10, DER; gives DER, leaf first, without the root. */
  issueServerCertificate(request: Uint8Array): Promise<readonly Uint8Array[]>
}

/** The CA/Browser Forum's way: short lives, so that renewal is tried often and never forgotten. */
const maxLifeMilliseconds = 90 * 24 * 3_600_000

/**
 * The server's TLS identity at start: the kept one while clients accept it, else a new one.
 *
 * One that is merely due is taken as it is, so that a server whose authority cannot sign still starts;
 * `renewServerIdentity` sees to it later.
 */
export async function openServerIdentity(ports: ServerIdentityPorts): Promise<TlsIdentity> {
  const kept = await ports.read()
  return kept !== undefined && judge(kept, ports) !== 'useless' ? kept : makeIdentity(ports)
}

/** A new identity if the kept one is due, for `DeviceFront.swapIdentity`; else undefined. */
export async function renewServerIdentity(
  ports: ServerIdentityPorts,
): Promise<TlsIdentity | undefined> {
  const kept = await ports.read()
  return kept !== undefined && judge(kept, ports) === 'good' ? undefined : makeIdentity(ports)
}

/**
 * Due after two thirds of its life, of which no more than 90 days count; and when its authority was
 * stopped, which most often comes before its revocation.
 */
function judge(
  { key, chain }: TlsIdentity,
  { clock, names, isSucceeded }: ServerIdentityPorts,
): 'good' | 'due' | 'useless' {
  const [leaf] = chain
  if (leaf === undefined) return 'useless'
  const certificate = new X509Certificate(leaf)
  const notBefore = certificate.validFromDate.getTime()
  const notAfter = certificate.validToDate.getTime()
  const now = clock.now().epochMilliseconds
  const fits = names.every((name) => carries(certificate, name))
  if (!fits || now < notBefore || now > notAfter || !belongs(certificate, key)) return 'useless'
  const life = Math.min(notAfter - notBefore, maxLifeMilliseconds)
  return now < notBefore + (life * 2) / 3 && !isSucceeded(chain) ? 'good' : 'due'
}

function carries(certificate: X509Certificate, name: string): boolean {
  const found = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)
  return found !== undefined
}

function belongs(certificate: X509Certificate, pem: string): boolean {
  return certificate.checkPrivateKey(createPrivateKey(pem))
}

/** A fresh key with each certificate: what an old memory image holds is soon worth nothing. */
async function makeIdentity(ports: ServerIdentityPorts): Promise<TlsIdentity> {
  const pair = await generateKey(ports.algorithm)
  const chain = await ports.issueServerCertificate(await requestFor(pair))
  const identity = { key: pemOf(pair.privateKey), chain }
  await ports.write(identity)
  return identity
}

/** PKCS #10 without a name: the issuer takes the names from the configuration, not from here. */
async function requestFor({ privateKey, publicKey }: KeyPair): Promise<Uint8Array> {
  const info = encodeCertificationRequestInfo({
    subject: encodeName([]),
    publicKey: publicKey.spki,
  })
  const algorithm = signatureAlgorithmFor(publicKey.algorithm)
  return encodeSigned(info, algorithm.identifier, await sign(privateKey, algorithm, info))
}

function pemOf(privateKey: KeyObject): string {
  return encodePem('PRIVATE KEY', encodePrivateKey(privateKey))
}
