// SPDX-License-Identifier: Apache-2.0
import { compareBytes } from '#format/bytes.ts'
import { type CertificateState, findEntry } from '#format/compact-status/changes.ts'
import {
  type AuthorityStatus,
  rosterWidth,
  type StatusContent,
} from '#format/compact-status/status-file.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '../digest.ts'
import type { ValidPath } from '../path.ts'
import { stateIn } from './block-state.ts'
import { keyHash, octetsOfHash, plainSerial } from './key-hash.ts'
import type { TrustedStatusFile } from './open-status-file.ts'
import { secondsAfter } from './serial-time.ts'

/** `not-covered`: younger than the file, or by nobody whom it speaks of. */
export type CompactAnswer = CertificateState | 'expired' | 'not-covered'

/**
 * What the file says of a certificate that was validated: exact for every certificate that its authorities
 * issued before `coversUntil`. One that has expired is told so, whatever the file says.
 *
 * @param issuer the certificate that it was validated with
 */
export function statusOfCertificate(
  trusted: TrustedStatusFile,
  certificate: Pick<Certificate, 'serialNumber' | 'notAfter'>,
  issuer: Pick<Certificate, 'publicKey'>,
  at: Temporal.Instant,
): CompactAnswer {
  if (Temporal.Instant.compare(certificate.notAfter, at) < 0) return 'expired'
  return statusOf(trusted.file, keyDigest(issuer), certificate.serialNumber)
}

/** The same for each certificate of a path, the leaf first; the anchor's own state nobody can tell. */
export function statusOfPath(
  trusted: TrustedStatusFile,
  { certificates, anchor }: ValidPath,
  at: Temporal.Instant,
): readonly CompactAnswer[] {
  return certificates.map((certificate, index) => {
    const above = certificates[index + 1] ?? anchor.certificate
    if (above === undefined) return 'not-covered'
    return statusOfCertificate(trusted, certificate, above, at)
  })
}

/** By what the file knows an authority. */
export function keyDigest({ publicKey }: Pick<Certificate, 'publicKey'>): Uint8Array {
  return sha256(publicKey.der)
}

/**
 * What the content says of a serial number: exact for every certificate that was issued and has not expired.
 * For one that was never issued, or has expired, the answer is chance: whoever asks has validated it, and looked
 * at its end, before.
 *
 * @param keySha256 SHA-256 of the issuer's SubjectPublicKeyInfo
 * @param serialNumber as in the certificate; leading zeros do not count
 */
export function statusOf(
  content: Pick<StatusContent, 'authorities' | 'coversUntil'>,
  keySha256: Uint8Array,
  serialNumber: Uint8Array,
): CompactAnswer {
  const authority = authorityOf(content.authorities, keySha256)
  if (authority === undefined) return 'not-covered'
  const serial = plainSerial(serialNumber)
  return inRoster(authority, serial) ?? inBlocks(authority, serial, content.coversUntil)
}

function authorityOf(
  authorities: readonly AuthorityStatus[],
  keySha256: Uint8Array,
): AuthorityStatus | undefined {
  return authorities.find((one) => compareBytes(one.keySha256, keySha256) === 0)
}

function inRoster(
  { roster, rosterSalt }: AuthorityStatus,
  serial: Uint8Array,
): CertificateState | undefined {
  if (roster.length === 0) return undefined
  const hash = octetsOfHash(keyHash(rosterSalt, 'roster', serial), rosterWidth)
  return findEntry(roster, rosterWidth, hash)
}

function inBlocks(
  { since, blocks, changes }: AuthorityStatus,
  serial: Uint8Array,
  coversUntil: Temporal.Instant,
): CompactAnswer {
  const start = secondsOf(since)
  const second = secondsAfter(start, serial)
  if (second === undefined || start + second >= secondsOf(coversUntil)) return 'not-covered'
  const index = lastAt(blocks, second)
  const block = blocks[index]
  if (block === undefined) return 'not-covered'
  return stateIn(
    block.base,
    changes.find((one) => one.block === index),
    serial,
  )
}

/** The index of the last block that begins at this second or before; -1 if there is none. */
function lastAt(blocks: AuthorityStatus['blocks'], second: number): number {
  let [low, high] = [0, blocks.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (blocks[middle]!.start <= second) low = middle + 1
    else high = middle
  }
  return low - 1
}

function secondsOf(at: Temporal.Instant): number {
  return Math.floor(at.epochMilliseconds / 1000)
}
