// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import {
  type VerifiablePurpose,
  type VerificationQuestion,
  verifiablePurposes,
} from '#core/verification/verify.ts'
import type { HttpRequest } from '#edge/http/message.ts'
import { FormatError } from '#format/format-error.ts'
import { parseChainText } from '#format/x509/chain-text.ts'
import { refuse } from '#trust/refusal.ts'

/** The field in which a proxy tells the certificate that it saw: PEM, percent-encoded (nginx: `$ssl_client_escaped_cert`). */
export const certificateField = 'x-ssl-client-cert'

/** What a query may say besides `purpose`. */
const wantedNames = ['product', 'lot', 'serial', 'profile', 'host'] as const
/** Longer than any name or serial that is kept. */
const mostCharacters = 253

/**
 * The question of a proxy about the certificate in a field of its request.
 *
 * An empty or missing field means that nobody showed one. What a query says that is not known here is refused:
 * a filter with a slip of the pen would else let everybody in.
 */
export function acceptVerification({
  headers,
  query,
}: HttpRequest): VerificationQuestion | Refused {
  const shown = headers[certificateField]
  if (shown === undefined || shown === '')
    return refuse('credential-missing', 'the peer showed no certificate')
  const wanted: Partial<Record<(typeof wantedNames)[number], string>> = {}
  let purpose: VerifiablePurpose = 'device'
  for (const [name, value] of query) {
    const isTwice = query.getAll(name).length > 1
    if (isTwice || value === '' || value.length > mostCharacters)
      return refuse(
        'input-wrong',
        `${name}: must be said once, in 1 to ${mostCharacters} characters`,
      )
    if (name === 'purpose') {
      const known = verifiablePurposes.find((one) => one === value)
      if (known === undefined)
        return refuse('input-wrong', `purpose: must be one of ${verifiablePurposes.join(', ')}`)
      purpose = known
      continue
    }
    const known = wantedNames.find((one) => one === name)
    if (known === undefined) return refuse('input-wrong', `${name.slice(0, 40)}: is not known here`)
    wanted[known] = value
  }
  const chain = chainIn(shown)
  return 'reason' in chain ? chain : { chain, purpose, wanted }
}

function chainIn(escaped: string): readonly Uint8Array[] | Refused {
  try {
    return parseChainText(decodeURIComponent(escaped))
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof URIError)) throw error
    return refuse('certificate-malformed', `${certificateField}: ${error.message}`)
  }
}
