// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { PendingRequest } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { AdmittedByCode, AdmittedByElement } from './admitted.ts'
import { admitElement } from './by-element.ts'
import { admitCode } from './code.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'
import type { Identified } from './identify.ts'
import { identifyLive } from './note-use.ts'
import type { EnrolmentRequest } from './request.ts'
import { type SpokenFor, speakFor, speaksForOthers } from './speakers/speak-for.ts'

/** Who asks, by which proof; a code or ticket also says what is spent. */
export type Applicant = Identified | AdmittedByCode | AdmittedByElement | SpokenFor

/** Tells who asks, by the proof that the request brings. */
export async function admit(
  pkcs10: CertificationRequest,
  request: EnrolmentRequest,
  ports: EnrolmentPorts,
): Promise<Applicant | Refused> {
  const { credential } = request
  switch (credential.kind) {
    case 'none':
      return (
        (await admitElement(pkcs10, ports.ledger)) ??
        refuse('credential-missing', 'give an enrolment code, or a client certificate')
      )
    case 'code':
      return admitCode(credential, request.sourceAddress, ports)
    case 'certificate':
      return speaksForOthers(credential.chain, request.operation)
        ? speakFor(pkcs10, credential.chain, request, ports)
        : identifyLive(credential.chain, ports)
  }
}

/**
 * A used code is no proof any more, and one that came with a request which waits is none for another.
 *
 * @param waiting the row of this very request, if it is on the list
 */
export function checkCode(
  applicant: Applicant,
  waiting: PendingRequest | undefined,
): Refused | undefined {
  if (applicant.kind !== 'admitted') return undefined
  const { heldFor, usedAt } = applicant.code
  if (usedAt === null && heldFor !== null && heldFor !== waiting?.id) {
    return refuse(
      'code-held',
      'this enrolment code came with another request, which waits for a person; send that one again',
    )
  }
  if (usedAt === null) return undefined
  return applicant.attestation === undefined
    ? refuse('code-used', 'this enrolment code was used already; ask the operator for another')
    : refuse('code-used', 'this ticket was used already; attest the key anew')
}

/** A ticket is good for the key that the TPM vouched for, and for no other. */
export function checkTicket(applicant: Applicant, key: PublicKey): Refused | undefined {
  const attestation = applicant.kind === 'admitted' ? applicant.attestation : undefined
  if (attestation === undefined || sameBytes(attestation.keyFingerprint, key.fingerprint))
    return undefined
  return refuse(
    'ticket-for-another-key',
    `this ticket is for the key ${shortOf(attestation.keyFingerprint)}, the request is by ${shortOf(key.fingerprint)}; attest this key`,
  )
}

function shortOf(fingerprint: Uint8Array): string {
  return fingerprint.subarray(0, 8).toHex()
}
