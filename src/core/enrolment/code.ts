// SPDX-License-Identifier: Apache-2.0

import { sameSecret } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { hashCode } from '../devices/code.ts'
import { Fault } from '../fault.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Code } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import type { AdmittedByCode } from './admitted.ts'
import type { Attempts } from './attempts.ts'
import type { Credential } from './request.ts'

interface CodePorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly attempts: Attempts
}

/**
 * Tells whose enrolment code or ticket this is.
 *
 * A used code is admitted here and refused a step later, once it is known that this is not the
 * repetition of the request that used it. All that is wrong about a code is answered alike, so that
 * nobody learns which serials exist. A right code is admitted however many wrong ones came from its
 * address, which may be that of a whole factory: it has over 100 bits, and one look-up costs little.
 */
export async function admitCode(
  credential: Credential & { readonly kind: 'code' },
  sourceAddress: string,
  ports: CodePorts,
): Promise<AdmittedByCode | Refused> {
  const now = ports.clock.now()
  const hash = hashCode(credential.code)
  const code = await ports.ledger.find('code', 'codeSha256', [hash])
  const device = code && (await ports.ledger.read('device', code.device))
  if (
    code === undefined ||
    device === undefined ||
    !sameSecret(code.codeSha256, hash) ||
    !sameText(device.serial, credential.user)
  ) {
    const blocked = ports.attempts.blocked(sourceAddress, credential.user, now)
    if (blocked !== undefined) return blocked
    ports.attempts.failed(sourceAddress, credential.user, now)
    return refuse('code-wrong', 'this serial and enrolment code do not belong together')
  }
  const isTicket = code.attestation !== null
  if (code.usedAt === null && Temporal.Instant.compare(code.expiresAt, now) <= 0) {
    return refuse(
      'code-expired',
      isTicket
        ? `this ticket expired at ${code.expiresAt}; attest the key anew`
        : `this enrolment code expired at ${code.expiresAt}; ask for another`,
    )
  }
  const attestation = isTicket ? await attestationOf(code, ports) : undefined
  const proof = isTicket ? 'tpm' : 'code'
  return { kind: 'admitted', device, proof, credential: code.id, code, attestation }
}

async function attestationOf({ id, attestation }: Code, { ledger }: CodePorts) {
  const found = attestation === null ? undefined : await ledger.read('attestation', attestation)
  if (found === undefined) throw new Fault('ledger-damaged', `ticket ${id} has no attestation`)
  return found
}

function sameText(left: string, right: string): boolean {
  const encoder = new TextEncoder()
  return sameSecret(encoder.encode(left), encoder.encode(right))
}
