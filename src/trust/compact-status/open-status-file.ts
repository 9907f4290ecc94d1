// SPDX-License-Identifier: Apache-2.0
import { concatBytes, sameBytes } from '#format/bytes.ts'
import {
  type FileSignature,
  parseStatusFile,
  type StatusFile,
} from '#format/compact-status/status-file.ts'
import { FormatError } from '#format/format-error.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '../algorithms.ts'
import { sha256 } from '../digest.ts'
import { validatePath } from '../path.ts'
import { type Refused, refuse } from '../refusal.ts'
import { verifySignatureSync } from '../signature.ts'
import type { TrustAnchor } from '../trust-anchor.ts'
import type { StatusFileRefusal } from './refusal.ts'

/** What a maker chose for who holds a file and cannot get the next one. */
export type StaleChoice = 'refuse' | 'use'

export interface Opening {
  /** The roots that the reader believes; one signature that leads to one of them is enough. */
  readonly anchors: readonly TrustAnchor[]
  readonly at: Temporal.Instant
  /**
   * `refuse`: past its end the file answers nothing, and whoever asks must fail as its maker decided. `use`: what
   * it said last counts on; whatever ended trust since is not seen.
   */
  readonly ifStale: StaleChoice
}

class SignedStatusFile {
  readonly #madeHere = true
  readonly file: StatusFile
  /** SHA-256 of the whole file. */
  readonly sha256: Uint8Array
  /** Who signed it. */
  readonly signer: Certificate
  readonly isStale: boolean

  constructor(file: StatusFile, signer: Certificate, isStale: boolean) {
    this.file = file
    this.sha256 = sha256(file.bytes)
    this.signer = signer
    this.isStale = isStale
    void this.#madeHere
  }
}

/** A status file whose signature leads to a root that the reader believes, fresh or knowingly stale. */
export type TrustedStatusFile = SignedStatusFile

export type Opened =
  | { readonly kind: 'opened'; readonly trusted: TrustedStatusFile }
  | Refused<StatusFileRefusal>

/** A gateway's clock may be this far behind ours. */
const mostEarlySeconds = 600

/**
 * Parses a file and believes it, or says why not: form, signature, path to an anchor at that time with the
 * purpose of status, age.
 */
export function openStatusFile(bytes: Uint8Array, opening: Opening): Opened {
  const file = parseOrRefuse(bytes)
  if ('reason' in file) return file
  const isStale = Temporal.Instant.compare(opening.at, file.expiresAt) >= 0
  // A stale file is judged as of its last moment: its signer need not have outlived it.
  const at = isStale ? file.expiresAt.subtract({ seconds: 1 }) : opening.at
  const signer = signerOf(file, at, opening.anchors)
  if ('reason' in signer) return signer
  if (isStale && opening.ifStale === 'refuse')
    return refuse(
      'status-file-stale',
      `file ${file.number} was good until ${file.expiresAt}, and it is ${opening.at}`,
    )
  if (Temporal.Instant.compare(file.madeAt, opening.at.add({ seconds: mostEarlySeconds })) > 0)
    return refuse(
      'status-file-early',
      `file ${file.number} is of ${file.madeAt}, and it is ${opening.at}`,
    )
  return { kind: 'opened', trusted: new SignedStatusFile(file, signer.certificate, isStale) }
}

function parseOrRefuse(bytes: Uint8Array): StatusFile | Refused<StatusFileRefusal> {
  try {
    return parseStatusFile(bytes)
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    return refuse('status-file-malformed', `it is no status file: ${cause.message}`)
  }
}

interface Signer {
  readonly certificate: Certificate
}

/** Of several signatures the first that is good; if none is, what was wrong with the first. */
function signerOf(
  file: StatusFile,
  at: Temporal.Instant,
  anchors: readonly TrustAnchor[],
): Signer | Refused<StatusFileRefusal> {
  const message = signedMessage(file.signed)
  let first: Refused<StatusFileRefusal> | undefined
  for (const signature of file.signatures) {
    const signer = judge(signature, message, at, anchors)
    if ('certificate' in signer) return signer
    first ??= signer
  }
  return first ?? refuse('signature-wrong', 'nobody signed it')
}

function judge(
  { certificates, signature }: FileSignature,
  message: Uint8Array,
  at: Temporal.Instant,
  anchors: readonly TrustAnchor[],
): Signer | Refused<StatusFileRefusal> {
  const chain: Certificate[] = []
  for (const der of certificates) {
    const certificate = parsed(der)
    if ('reason' in certificate) return certificate
    chain.push(certificate)
  }
  const [leaf, ...intermediates] = chain
  if (leaf === undefined) return refuse('certificate-not-trusted', 'it names no signer')
  const valid = validatePath({ leaf, intermediates, anchors, at, purpose: 'status' })
  if (valid.kind === 'refused') return valid
  const { publicKey } = valid.path
  const { identifier } = signatureAlgorithmFor(publicKey.algorithm as KeyAlgorithmName)
  const genuine = verifySignatureSync(identifier, publicKey, message, signature)
  if (genuine === true) return { certificate: leaf }
  return genuine === false
    ? refuse('signature-wrong', 'its signer did not sign these bytes')
    : genuine
}

function parsed(der: Uint8Array): Certificate | Refused<StatusFileRefusal> {
  try {
    return parseCertificate(der, { unknownCritical: 'keep' })
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    return refuse('certificate-not-trusted', `a certificate in it is malformed: ${cause.message}`)
  }
}

const label = new TextEncoder().encode('vitalsign-status')

/** What is signed: 16 octets that say what for, and the SHA-256 of the content. */
export function signedMessage(signed: Uint8Array): Uint8Array {
  return concatBytes([label, sha256(signed)])
}

/**
 * Whether one may take the place of the other: the same roots, a higher number, and made no earlier. The time
 * matters where stale files are used: who got hold of a signer that has long ended can choose any number, but no
 * time after that end.
 */
export function checkSuccession(
  held: StatusFile,
  next: StatusFile,
): Refused<StatusFileRefusal> | undefined {
  if (!sameBytes(held.anchors, next.anchors))
    return refuse('status-file-other-anchors', 'the file is of another set of roots')
  if (next.number <= held.number)
    return refuse('status-file-older', `file ${held.number} is held, this is ${next.number}`)
  if (Temporal.Instant.compare(next.madeAt, held.madeAt) >= 0) return undefined
  return refuse(
    'status-file-older',
    `the file of ${held.madeAt} is held, this is of ${next.madeAt}`,
  )
}
