// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { AdmittedByCode } from './admitted.ts'
import { admitCode } from './code.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'
import type { Identified } from './identify.ts'
import { identifyLive } from './note-use.ts'
import type { EnrolmentRequest } from './request.ts'

/** Who asks, by which proof; a code also says what is spent. */
export type Applicant = Identified | AdmittedByCode

/** Tells who asks, by the proof that the request brings. */
export async function admit(
  request: EnrolmentRequest,
  ports: EnrolmentPorts,
): Promise<Applicant | Refused> {
  const { credential } = request
  switch (credential.kind) {
    case 'none':
      return refuse('credential-missing', 'give an enrolment code, or a client certificate')
    case 'code':
      return admitCode(credential, request.sourceAddress, ports)
    case 'certificate':
      return identifyLive(credential.chain, ports)
  }
}

/** A used code is no proof any more. */
export function checkCode(applicant: Applicant): Refused | undefined {
  if (applicant.kind !== 'admitted' || applicant.code.usedAt === null) return undefined
  return refuse('code-used', 'this enrolment code was used already; ask the operator for another')
}
