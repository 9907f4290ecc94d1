// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import {
  type ApplicationIdentifyingPorts,
  identifyLiveApplication,
} from '../enrolment/applications/identify-application.ts'
import type { Application, Machine } from '../ledger/tables.ts'
import { machineOf } from '../people/machine.ts'
import type { Refused } from '../refusal.ts'

/** A program that proved itself in TLS by the key of its client certificate. */
export type Asker =
  | { readonly kind: 'machine'; readonly machine: Machine }
  | { readonly kind: 'application'; readonly application: Application }

/**
 * Which machine or application shows this certificate.
 *
 * Of a machine the key decides, whoever signed the certificate, but one of ours that was revoked ends it. An
 * application is known by its certificate, which must be in force: it may verify by that alone.
 *
 * @param leaf DER; the connection proved its key
 * @returns undefined for a stranger
 */
export async function askerBehind(
  leaf: Uint8Array,
  ports: ApplicationIdentifyingPorts,
): Promise<Asker | Refused | undefined> {
  const { ledger } = ports
  const digest = sha256(leaf)
  const own = await ledger.find('certificate', 'sha256', [digest])
  if (own?.state === 'held')
    return refuse('certificate-held', 'this client certificate is suspended until it is released')
  if (own !== undefined && own.revokedAt !== null)
    return refuse('certificate-revoked', 'this client certificate was revoked')
  // A server's certificate is for those who come to it: an application asks by one of kind client.
  if (own?.kind === 'client' && own.owner.startsWith('app_')) {
    const identified = await identifyLiveApplication([leaf], ports)
    if (identified.kind === 'refused') return identified
    return { kind: 'application', application: identified.application }
  }
  const fingerprint = fingerprintOf(leaf, digest.toHex())
  const machine = fingerprint && (await machineOf(fingerprint, { ledger }))
  return machine && { kind: 'machine', machine }
}

/** Those who ask all the time; which key stands in a certificate never changes. */
const fingerprints = new Map<string, Uint8Array | undefined>()
const mostFingerprints = 1_000

function fingerprintOf(leaf: Uint8Array, digest: string): Uint8Array | undefined {
  if (fingerprints.has(digest)) return fingerprints.get(digest)
  const fingerprint = readFingerprint(leaf)
  if (fingerprints.size >= mostFingerprints) fingerprints.clear()
  fingerprints.set(digest, fingerprint)
  return fingerprint
}

function readFingerprint(leaf: Uint8Array): Uint8Array | undefined {
  try {
    const key = importPublicKey(parseCertificate(leaf, { unknownCritical: 'keep' }).publicKey)
    return 'fingerprint' in key ? key.fingerprint : undefined
  } catch (error) {
    if (error instanceof FormatError) return undefined // a certificate that we cannot read is nobody's
    throw error
  }
}
