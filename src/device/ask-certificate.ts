// SPDX-License-Identifier: Apache-2.0
import type { Bond } from './bond.ts'
import type { Later } from './connection/answer.ts'
import {
  type Certificates,
  type Proof,
  type Request,
  simpleEnroll,
  simpleReenroll,
} from './connection/est.ts'
import { canShow, type Line } from './connection/line.ts'
import { keyPlaceOf } from './keys/keys-of.ts'
import type { DevicePorts } from './ports.ts'
import type { Refused } from './refusal.ts'
import type { Prepared } from './request.ts'
import { attestKey } from './tpm/attest.ts'

/** What a device has to show for a certificate. */
export interface Asking {
  /** The entrance. */
  readonly label: string | undefined
  /** Undefined: only that its key is in the TPM that the server expects. */
  readonly proof: Proof | undefined
  /** Whether the certificate takes the place of the one that is the proof. */
  readonly again: boolean
}

/**
 * Asks for the certificate of a prepared key, by the proof that there is.
 *
 * Where keys are in a TPM, the server first proves that this one is. The ticket that it gives for that is the proof
 * where there is no credential, or none whose key could be used in TLS.
 */
export async function askCertificate(
  { files }: DevicePorts,
  { settings }: Bond,
  line: Line,
  request: Request,
  { keyPem }: Prepared,
  { label, proof, again }: Asking,
): Promise<Certificates | Refused | Later> {
  const { serial } = settings
  const { tpm } = keyPlaceOf(files, settings)
  if (tpm === undefined) {
    if (proof === undefined) throw new TypeError('without a TPM there is always a proof')
    return askBy(proof)
  }
  const code = proof?.kind === 'code' ? proof.code : undefined
  const attested = await attestKey(tpm, files, line, { serial, label, code, keyPem })
  if (attested.kind !== 'ticket') return attested
  const canProve = proof?.kind === 'credential' && canShow(proof.credential)
  return askBy(canProve ? proof : { kind: 'code', serial, code: attested.ticket })

  function askBy(by: Proof): Promise<Certificates | Refused | Later> {
    return again && by.kind === 'credential'
      ? simpleReenroll(line, label, request, by.credential)
      : simpleEnroll(line, label, request, by)
  }
}
