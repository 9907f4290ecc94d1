// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { type Refused, refuse, type TrustRefusal } from '../refusal.ts'

/** Why an artefact is not signed, or not believed, whatever its form; sorted. */
export const artefactRefusals = [
  'artefact-choice-wrong',
  'artefact-digest-wrong',
  'artefact-encrypted',
  'artefact-field-not-allowed',
  'artefact-field-twice',
  'artefact-malformed',
  'artefact-not-covered',
  'artefact-not-signed',
  'artefact-of-another-form',
  'artefact-signer-unfit',
  'artefact-signer-unknown',
  'artefact-trailing-octets',
  'artefact-truncated',
  'artefact-version-lower',
] as const

export type ArtefactRefusal = (typeof artefactRefusals)[number] | TrustRefusal
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
