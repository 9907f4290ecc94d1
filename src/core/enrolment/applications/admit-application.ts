// SPDX-License-Identifier: Apache-2.0

import { hashCode } from '#core/devices/code.ts'
import type { Application, CertificateRecord } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { sameSecret } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { EnrolmentPorts } from '../enrolment-ports.ts'
import type { Credential, EnrolmentRequest } from '../request.ts'
import { identifyApplication } from './identify-application.ts'

/** An application that asks for an identity, and by what; whether a code is still good is asked later. */
export type Applying = ByCode | ByCertificate

interface ByCode {
  readonly kind: 'by-code'
  readonly application: Application
  readonly proof: 'code'
  readonly credential: string
  readonly current: undefined
}

interface ByCertificate {
  readonly kind: 'by-certificate'
  readonly application: Application
  readonly proof: 'current-certificate'
  readonly credential: string
  readonly current: { readonly record: CertificateRecord; readonly certificate: Certificate }
}

/** Tells which application asks, by the proof that the request brings. */
export async function admitApplication(
  { credential, sourceAddress }: EnrolmentRequest,
  ports: EnrolmentPorts,
): Promise<Applying | Refused> {
  switch (credential.kind) {
    case 'none':
      return refuse('credential-missing', 'give an enrolment code, or a client certificate')
    case 'code':
      return admitByCode(credential, sourceAddress, ports)
    case 'certificate': {
      const found = await identifyApplication(credential.chain, ports)
      if (found.kind === 'refused') return found
      const { application, record, certificate } = found
      return {
        ...{ kind: 'by-certificate', application, proof: 'current-certificate' },
        ...{ credential: record.id, current: { record, certificate } },
      }
    }
  }
}

/** All that is wrong about a code is answered alike, so that nobody learns which names exist. */
async function admitByCode(
  { user, code }: Credential & { readonly kind: 'code' },
  sourceAddress: string,
  { ledger, clock, attempts }: EnrolmentPorts,
): Promise<Applying | Refused> {
  const now = clock.now()
  const hash = hashCode(code)
  const application = await ledger.find('application', 'code', [hash])
  if (
    application?.codeSha256 == null ||
    !sameSecret(application.codeSha256, hash) ||
    application.name !== user
  ) {
    const blocked = attempts.blocked(sourceAddress, user, now)
    if (blocked !== undefined) return blocked
    attempts.failed(sourceAddress, user, now)
    return refuse('code-wrong', 'this name and enrolment code do not belong together')
  }
  const { codeExpiresAt, codeUsedAt, id } = application
  const isOver = codeExpiresAt === null || Temporal.Instant.compare(codeExpiresAt, now) <= 0
  if (codeUsedAt === null && isOver)
    return refuse(
      'code-expired',
      `this enrolment code expired at ${codeExpiresAt}; ask for another`,
    )
  const credential = `${id} code ${hash.subarray(0, 8).toHex()}`
  return { kind: 'by-code', application, proof: 'code', credential, current: undefined }
}
