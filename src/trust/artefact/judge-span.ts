// SPDX-License-Identifier: Apache-2.0
import { type Refused, refuse } from '../refusal.ts'
import { bootloaderRule, expiryOf, mustOutliveSupport } from './bootloader-rules.ts'
import type { ArtefactFormName } from './form-names.ts'

/** A signature that is to be made, as far as its end is concerned. */
export interface SpanAsked {
  readonly form: ArtefactFormName
  /** How devices are set, in the words of the form's verifier; undefined: as delivered. */
  readonly setting: string | undefined
  /** Of the signer's certificate or of one above it, whichever ends first; undefined: a bare key. */
  readonly notAfter: Temporal.Instant | undefined
  /** Until when devices are to take what is signed; undefined: nobody said. */
  readonly supportUntil: Temporal.Instant | undefined
  /** Whether a time-stamp that the form carries will be made. */
  readonly isStamped: boolean
}

/**
 * Whether devices would refuse, before the end of support, what is signed with this certificate: judged by what
 * the verifier of the form does, since one that looks at no clock is stranded by no certificate.
 */
export function judgeSpan(asked: SpanAsked): Refused<'signer-strands-devices'> | undefined {
  const { form, setting, notAfter, supportUntil, isStamped } = asked
  const rule = expiryOf(form, setting)
  if (rule === undefined || notAfter === undefined || supportUntil === undefined) return undefined
  const outlives = Temporal.Instant.compare(notAfter, supportUntil) >= 0
  if (outlives || !mustOutliveSupport(rule, isStamped)) return undefined
  const { verifier, expiry } = bootloaderRule(form)
  const ways = expiry.flatMap((one) =>
    one.setting !== undefined && !mustOutliveSupport(one.does, isStamped) ? [one.setting] : [],
  )
  const otherwise = ways.length === 0 ? '' : `, or devices that are set to ${ways.join(' or ')}`
  return refuse(
    'signer-strands-devices',
    `the certificate ends ${notAfter}, and ${verifier} refuses what it signed from then on; support lasts until ${supportUntil}: sign with a certificate that outlives it${otherwise}`,
  )
}
