// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import type { StatusFileRefusal } from '../compact-status/refusal.ts'
import type { PeerRefusal } from '../peer/refusal.ts'
import { type Refused, refuse } from '../refusal.ts'

/** Why an artefact is not signed, or not believed, whatever its form; sorted. */
export const artefactRefusals = [
  'artefact-choice-wrong',
  'artefact-digest-wrong',
  'artefact-encrypted',
  'artefact-environment-wrong',
  'artefact-field-not-allowed',
  'artefact-field-twice',
  'artefact-form-ambiguous',
  'artefact-hardware-wrong',
  'artefact-malformed',
  'artefact-not-covered',
  'artefact-not-signed',
  'artefact-of-another-form',
  'artefact-signature-missing',
  'artefact-signatures-differ',
  'artefact-signer-of-trial',
  'artefact-signer-unfit',
  'artefact-signer-unknown',
  'artefact-stamp-wrong',
  'artefact-time-unknown',
  'artefact-trailing-octets',
  'artefact-truncated',
  'artefact-version-differs',
  'artefact-version-lower',
  'artefact-version-missing',
] as const

/** One answer to all of them, for a protocol in which no artefact is ever meant. */
export function answeringArtefacts<A>(answer: A): Record<(typeof artefactRefusals)[number], A> {
  return Object.fromEntries(artefactRefusals.map((refusal) => [refusal, answer])) as Record<
    (typeof artefactRefusals)[number],
    A
  >
}

export type ArtefactRefusal = (typeof artefactRefusals)[number] | PeerRefusal | StatusFileRefusal
export type ArtefactRefused = Refused<ArtefactRefusal>

/** What of a file does not follow its form, as a refusal; the detail ends with the place. */
export function refuseFormat(error: FormatError): ArtefactRefused {
  switch (error.code) {
    case 'truncated':
      return refuse('artefact-truncated', error.message)
    case 'trailing-bytes':
      return refuse('artefact-trailing-octets', error.message)
    default:
      return refuse('artefact-malformed', error.message)
  }
}

/** What `act` gives; octets that do not follow their form become a refusal. */
export async function refusingFormat<R>(
  act: () => Promise<R | ArtefactRefused>,
): Promise<R | ArtefactRefused> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof FormatError) return refuseFormat(error)
    throw error
  }
}
