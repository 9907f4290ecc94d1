// SPDX-License-Identifier: Apache-2.0
/**
 * The file of an approver: the certificate over the key, and the key itself under a passphrase unless a token has it.
 *
 * PEM, as any program reads it. A file that others may read is refused, as ssh does.
 */
import { createPrivateKey } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs'
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { encodePrivateKey, type KeyPair, parsePrivateKey } from '#trust/private-key.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { isSystemError, readTextFile, reasonOf } from '../files.ts'
import { exit, Stop, wrongUse } from '../stop.ts'

export interface ApproverFile {
  readonly path: string
  /** PEM of the sealed key; undefined: a token has it. */
  readonly sealed: string | undefined
  /** DER, the one over the key first. */
  readonly chain: readonly Uint8Array[]
  readonly certificate: Certificate
  readonly publicKey: PublicKey
}

/** @throws Stop if it is not there, holds no certificate, a key in the clear, or may be read by others */
export function readApproverFile(path: string): ApproverFile {
  const text = readTextFile(path, '--approver-key')
  const labels = [...text.matchAll(/-----BEGIN ([A-Z ]*PRIVATE KEY)-----/g)].map(([, one]) => one)
  if (labels.some((label) => label !== 'ENCRYPTED PRIVATE KEY'))
    throw wrongUse(
      `${path} holds a private key that is no PKCS #8 under a passphrase`,
      'an approver key is protected by a passphrase: make one with "vitalsign approver make-key"',
    )
  const sealed =
    /-----BEGIN ENCRYPTED PRIVATE KEY-----[\s\S]*?-----END ENCRYPTED PRIVATE KEY-----/.exec(
      text,
    )?.[0]
  if (sealed !== undefined) refuseOpen(path)
  const chain = certificatesIn(text, path)
  const [own] = chain
  if (own === undefined)
    throw wrongUse(
      `${path} has no certificate over the approver key in it`,
      'name the file that "vitalsign approver make-key" wrote',
    )
  const certificate = parseCertificate(own, { unknownCritical: 'keep' })
  const publicKey = importPublicKey(certificate.publicKey)
  if ('kind' in publicKey)
    throw new Stop(exit.refused, `${path}: ${publicKey.detail}`, { code: publicKey.reason })
  return { path, sealed, chain, certificate, publicKey }
}

/** The key of a file. @throws Stop if the passphrase is wrong or the key is another than the certificate's */
export async function openApproverKey(file: ApproverFile, passphrase: string): Promise<KeyPair> {
  const { path, sealed, publicKey } = file
  const pkcs8 = opened(sealed ?? '', passphrase, path)
  try {
    const read = await parsePrivateKey(pkcs8)
    if (read.kind === 'refused')
      throw new Stop(exit.refused, `${path}: ${read.detail}`, { code: read.reason })
    if (read.pair.publicKey.fingerprint.toHex() !== publicKey.fingerprint.toHex())
      throw wrongUse(
        `${path}: its certificate is of another key`,
        'put certificate and key of one person into it',
      )
    return read.pair
  } finally {
    pkcs8.fill(0)
  }
}

/** Said before a key is made: one in a token would stay there, and a passphrase is asked for in vain. @throws Stop */
export function refuseTaken(path: string): void {
  if (existsSync(path)) throw taken(path)
}

const taken = (path: string) =>
  wrongUse(`${path} is there already`, 'an approver key is never overwritten: name a new file')

/**
 * Writes a new file of mode 0600; one that is there already is never overwritten.
 *
 * @param sealed DER of EncryptedPrivateKeyInfo; undefined: a token has the key
 * @throws Stop
 */
export function writeApproverFile(
  path: string,
  sealed: Uint8Array | undefined,
  certificate: Uint8Array,
): void {
  const text =
    encodePem('CERTIFICATE', certificate) +
    (sealed === undefined ? '' : encodePem('ENCRYPTED PRIVATE KEY', sealed))
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx', 0o600)
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    if (cause.code === 'EEXIST') throw taken(path)
    throw wrongUse(`${path} cannot be written: ${reasonOf(cause)}`, 'look at FILE')
  }
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function opened(sealed: string, passphrase: string, path: string): Uint8Array {
  try {
    return encodePrivateKey(createPrivateKey({ key: sealed, passphrase }))
  } catch {
    // Whatever it says may quote what it read.
    throw new Stop(
      exit.refused,
      `${path} does not open: the passphrase is wrong, or it is damaged`,
      {
        hint: 'try again; a passphrase that is forgotten cannot be had back: end the key and make a new one',
      },
    )
  }
}

function certificatesIn(text: string, path: string): readonly Uint8Array[] {
  try {
    return parsePem(text)
      .filter(({ label }) => label === 'CERTIFICATE')
      .map(({ bytes }) => bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(`${path} cannot be read: ${error.message}`, 'name a file in PEM')
  }
}

function refuseOpen(path: string): void {
  const { mode } = statSync(path)
  if ((mode & 0o077) === 0) return
  throw wrongUse(
    `${path} may be read by others (mode ${(mode & 0o777).toString(8)})`,
    `chmod 600 ${path}`,
  )
}
