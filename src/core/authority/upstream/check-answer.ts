// SPDX-License-Identifier: Apache-2.0

import type { CertificateRecord } from '#core/ledger/tables.ts'
import { sameAlternativeName, showAlternativeName } from '#core/policy/alternative-names.ts'
import type { Hosting } from '#core/policy/profile.ts'
import { sameBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { type Certificate, parseCertificate, type ToBeSigned } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import { formatName, sameName } from '#format/x509/name.ts'
import type { Purpose } from '#trust/path/purpose.ts'
import { validatePath } from '#trust/path.ts'
import type { ReadyUpstream } from './ready-upstream.ts'

/** What an answer is held against. */
export interface Expected {
  /** What policy approved, as we would have signed it. */
  readonly toBeSigned: ToBeSigned
  readonly kind: CertificateRecord['kind']
  readonly mayDiffer: Hosting['mayDiffer']
  /** When it was approved: its life is counted from there. */
  readonly approvedAt: Temporal.Instant
}

export type CheckedAnswer =
  | {
      readonly kind: 'good'
      readonly leaf: Certificate
      /** From the one that signed it upward, without the anchor. */
      readonly above: readonly Certificate[]
      /** The certificate of the anchor that it leads to. */
      readonly anchor: Certificate
      /** In which of the ways that the profile allows it differs from what was approved. */
      readonly differences: Hosting['mayDiffer']
    }
  | {
      readonly kind: 'wrong'
      /** For operators: the rule and both values. */
      readonly why: string
      /** The one that is for our key, if any is. */
      readonly leaf: Uint8Array | undefined
    }

/** What no key of a device or a server is for, whoever says so. */
const ofAuthorities: ReadonlySet<string> = new Set(['keyCertSign', 'cRLSign'])

/** How far the clocks of two installations may be apart. */
const slack = Temporal.Duration.from({ minutes: 5 })

/**
 * Whether what an upstream answered is the certificate that was approved: for the same key, from one of
 * its authorities, no authority itself, with the same names, and nothing more than the profile gives.
 */
export function checkAnswer(
  answer: readonly Uint8Array[],
  expected: Expected,
  { anchors, authorities }: ReadyUpstream,
  now: Temporal.Instant,
): CheckedAnswer {
  const read = readAnswer(answer, expected.toBeSigned.publicKey.der)
  if (read.kind === 'wrong') return read
  const { leaf, others } = read
  const wrong = (why: string): CheckedAnswer => ({ kind: 'wrong', why, leaf: leaf.der })
  if (readExtension(leaf.extensions, 'basicConstraints')?.ca === true)
    return wrong('it is an authority: its basicConstraints say CA')
  // No difference that a profile can allow.
  const signs = readExtension(leaf.extensions, 'keyUsage')?.find((one) => ofAuthorities.has(one))
  if (signs !== undefined) return wrong(`its keyUsage says ${signs}, which is for authorities`)
  const begins = leaf.notBefore
  const isAhead = isAfter(begins, now) && !isAfter(begins, now.add(slack))
  const path = validatePath({
    leaf,
    intermediates: [...others, ...authorities.map(({ certificate }) => certificate)],
    anchors,
    at: isAhead ? begins : now,
    purpose: purposeOf[expected.kind] ?? 'any',
  })
  if (path.kind === 'refused') return wrong(`${path.reason}: ${path.detail}`)
  const names = nameFault(leaf, expected.toBeSigned)
  if (names !== undefined) return wrong(names)
  const differences: Hosting['mayDiffer'][number][] = []
  for (const [what, differs] of Object.entries(checks)) {
    const why = differs(leaf, expected, now)
    if (why === undefined) continue
    const allowed = expected.mayDiffer.find((one) => one === what)
    if (allowed === undefined) return wrong(`${why}; the profile's hosting allows no other ${what}`)
    differences.push(allowed)
  }
  const { certificates, anchor } = path.path
  if (anchor.certificate === undefined) return wrong('its anchor is no certificate')
  return {
    ...{ kind: 'good', leaf, differences, anchor: anchor.certificate },
    above: certificates.slice(1),
  }
}

const purposeOf: Partial<Record<CertificateRecord['kind'], Purpose>> = {
  birth: 'device',
  working: 'device',
  client: 'device',
  server: 'server',
}

/** RFC 7030 section 4.2.3: certificates of an answer have no order, so ours is found by its key. */
export function readAnswer(answer: readonly Uint8Array[], key: Uint8Array) {
  const wrong = (why: string) => ({ kind: 'wrong', why, leaf: undefined }) as const
  try {
    const all = answer.map((der) => parseCertificate(der, { unknownCritical: 'keep' }))
    const leaf = all.find(({ publicKey }) => sameBytes(publicKey.der, key))
    if (leaf === undefined) return wrong('none of its certificates is for the key of the request')
    const strict = parseCertificate(leaf.der)
    return { kind: 'read', leaf: strict, others: all.filter((one) => one !== leaf) } as const
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return wrong(`a certificate of it does not read: ${error.message}`)
  }
}

/** The names are what people and programs go by: the same ones, no more and no less, in any order. */
function nameFault(leaf: Certificate, expected: ToBeSigned): string | undefined {
  const [got, wanted] = [namesOf(leaf), namesOf(expected)]
  const strange = got.find((one) => !wanted.some((other) => sameAlternativeName(one, other)))
  if (strange !== undefined)
    return `it has the alternative name ${showAlternativeName(strange)}, which nobody approved`
  const missing = wanted.find((one) => !got.some((other) => sameAlternativeName(one, other)))
  return missing && `it lacks the alternative name ${showAlternativeName(missing)}`
}

function namesOf({ extensions }: ToBeSigned): readonly GeneralName[] {
  return readExtension(extensions, 'subjectAltName') ?? []
}

type Check = (leaf: Certificate, expected: Expected, now: Temporal.Instant) => string | undefined

/** What may differ if the profile says so, with what is different. */
const checks = {
  subject: ({ subject }, { toBeSigned }) =>
    sameName(subject, toBeSigned.subject)
      ? undefined
      : `its subject is "${formatName(subject)}", approved was "${formatName(toBeSigned.subject)}"`,

  validity: (leaf, { toBeSigned, approvedAt }, now) => {
    // An upstream that took its time counts the same life from a later moment.
    const late = now.since(approvedAt)
    const latest = toBeSigned.notAfter.add(isPositive(late) ? late : slack).add(slack)
    return isAfter(leaf.notAfter, latest)
      ? `it ends at ${leaf.notAfter}, approved was until ${toBeSigned.notAfter}`
      : undefined
  },

  purposes: (leaf, { toBeSigned }) =>
    beyond('keyUsage', leaf, toBeSigned) ?? beyond('extKeyUsage', leaf, toBeSigned),
} as const satisfies Record<Hosting['mayDiffer'][number], Check>

function beyond(
  name: 'keyUsage' | 'extKeyUsage',
  leaf: Certificate,
  expected: ToBeSigned,
): string | undefined {
  const approved: readonly string[] | undefined = readExtension(expected.extensions, name)
  if (approved === undefined) return undefined
  const got: readonly string[] | undefined = readExtension(leaf.extensions, name)
  if (got === undefined) return `it has no ${name} and serves everything, approved was ${approved}`
  const strange = got.filter((one) => !approved.includes(one))
  return strange.length === 0
    ? undefined
    : `its ${name} says ${got.join(', ')}, approved was ${approved.join(', ')}`
}

function isAfter(left: Temporal.Instant, right: Temporal.Instant): boolean {
  return Temporal.Instant.compare(left, right) > 0
}

function isPositive(span: Temporal.Duration): boolean {
  return span.sign > 0
}
