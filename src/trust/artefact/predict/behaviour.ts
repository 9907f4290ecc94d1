// SPDX-License-Identifier: Apache-2.0
import { type Refused, refuse } from '#trust/refusal.ts'
import { type Behaviour, bootloaderRule, type ExpiryRule } from '../bootloader-rules.ts'
import type { ArtefactFormName } from '../form-names.ts'
import type { SignerPurpose } from '../signer-purpose.ts'

/** What the verifier of a form does on devices that are set so. */
export interface SetBehaviour {
  readonly kind: 'behaviour'
  readonly expiry: ExpiryRule
  /** Undefined: nobody looks. */
  readonly purpose: SignerPurpose | undefined
  /** `held`: it asks what it holds, if it holds anything; `demanded`: it was told to, and takes nobody unasked. */
  readonly revocation: 'none' | 'held' | 'demanded'
  readonly rollback: 'none' | 'version' | 'counter'
}

/** The behaviour that settings make of what is delivered; one that is not known is refused, with those that are. */
export function behaviourOf(
  form: ArtefactFormName,
  settings: readonly string[],
): SetBehaviour | Refused<'artefact-choice-wrong'> {
  const { verifier, expiry, purpose, revocation, rollback } = bootloaderRule(form)
  const known = [expiry, purpose, revocation, rollback]
    .flat()
    .flatMap(({ setting }) => setting ?? [])
  const stranger = settings.find((one) => !known.includes(one))
  if (stranger !== undefined)
    return refuse(
      'artefact-choice-wrong',
      `${verifier} is not known to be set to "${stranger}"; ${known.length === 0 ? 'no setting changes what it checks' : `it knows ${[...new Set(known)].join(', ')}`}`,
    )
  const lists = chosen(revocation, settings)
  return {
    kind: 'behaviour',
    expiry: chosen(expiry, settings)?.does ?? 'none',
    purpose: chosen(purpose, settings)?.does,
    revocation: lists?.does !== 'crl' ? 'none' : lists.setting === undefined ? 'held' : 'demanded',
    rollback: chosen(rollback, settings)?.does ?? 'none',
  }
}

/** The row of a setting that was made, else the one as delivered. */
function chosen<T>(
  rows: readonly Behaviour<T>[],
  settings: readonly string[],
): Behaviour<T> | undefined {
  return (
    rows.find(({ setting }) => setting !== undefined && settings.includes(setting)) ??
    rows.find(({ setting }) => setting === undefined)
  )
}
