// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { type PemBlock, parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { PublicKey } from '../public-key.ts'
import { refuse } from '../refusal.ts'
import { importSoundKey } from '../sound-key.ts'
import type { ArtefactRefused } from './refusal.ts'
import { type HeldStatus, readHeldStatus } from './status-of-files.ts'
import type { DeviceTrust } from './verdict.ts'

/** What a device holds, as it lies in its files, and how it is set. */
export interface HeldTrust
  extends Pick<
    DeviceTrust,
    'counter' | 'demandsBoth' | 'environment' | 'hardware' | 'now' | 'product' | 'purpose' | 'seen'
  > {
  /** PEM of public keys (`PUBLIC KEY`); empty: none, as of the others. */
  readonly keys: string
  /** PEM of certificates. */
  readonly roots: string
  readonly stampRoots: string
  /** Absent: it asks nobody whether a signer is revoked. */
  readonly status?: HeldStatus
}

/**
 * Makes what a device brings along of what it holds: each key is held against the gate, and what does not read is
 * refused as a whole.
 *
 * @returns with it the moment that a believed status file was made at, which is surely over
 */
export function readTrust(held: HeldTrust):
  | {
      readonly kind: 'trust'
      readonly trust: DeviceTrust
      readonly statusMadeAt: Temporal.Instant | undefined
    }
  | ArtefactRefused {
  const { status, keys: keyText, roots: rootText, stampRoots: stampText, ...rest } = held
  const keys = keysIn(keyText)
  if ('reason' in keys) return keys
  const roots = certificatesIn(rootText)
  if ('reason' in roots) return roots
  const stampRoots = certificatesIn(stampText)
  if ('reason' in stampRoots) return stampRoots
  const trust: DeviceTrust = { ...rest, keys, roots, stampRoots }
  if (status === undefined) return { kind: 'trust', trust, statusMadeAt: undefined }
  const read = readHeldStatus(status, trust)
  if (read.kind === 'refused') return read
  return { kind: 'trust', trust: { ...trust, status: read.rule }, statusMadeAt: read.madeAt }
}

function keysIn(pem: string): readonly PublicKey[] | ArtefactRefused {
  return reading(() => {
    const keys: PublicKey[] = []
    for (const { label, bytes } of blocksIn(pem)) {
      if (label !== 'PUBLIC KEY') continue
      const key = importSoundKey(parseSubjectPublicKeyInfo(bytes))
      if ('kind' in key) return key
      keys.push(key)
    }
    return keys
  })
}

function certificatesIn(pem: string): readonly Certificate[] | ArtefactRefused {
  return reading(() =>
    blocksIn(pem)
      .filter(({ label }) => label === 'CERTIFICATE')
      .map(({ bytes }) => parseCertificate(bytes, { unknownCritical: 'keep' })),
  )
}

/** Nothing at all is no fault: a device may hold keys and no roots. */
function blocksIn(pem: string): readonly PemBlock[] {
  return pem.trim() === '' ? [] : parsePem(pem)
}

function reading<T>(read: () => T): T | ArtefactRefused {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('key-malformed', `what the device holds does not read: ${error.message}`)
  }
}
