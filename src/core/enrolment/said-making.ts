// SPDX-License-Identifier: Apache-2.0
import { keyMakingIn, parseKeyMaking } from '#format/est/key-making.ts'
import { FormatError } from '#format/format-error.ts'
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { refuse } from '#trust/refusal.ts'
import type { SaidMaking } from '../authority/key-making.ts'
import type { Refused } from '../refusal.ts'

/**
 * What a request says of how its key was made; most say nothing.
 *
 * The attribute is ours alone, so one that does not read was bent or badly made: the request is refused, and no
 * certificate stands beside a statement that nobody can read.
 */
export function saidMaking({
  attributes,
}: CertificationRequest):
  | { readonly kind: 'read'; readonly making: SaidMaking | undefined }
  | Refused {
  try {
    const der = keyMakingIn(attributes)
    const making = der && { statement: parseKeyMaking(der), der }
    return { kind: 'read', making }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse(
      'request-malformed',
      `what the request says of how its key was made is not valid: ${error.message}`,
    )
  }
}
