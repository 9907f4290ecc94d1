// SPDX-License-Identifier: Apache-2.0
/** From a profile's templates and the facts of the ledger to the names in a certificate. */
import { oid, parseOidText } from '#format/der/oid.ts'
import { isPrintable } from '#format/der/text.ts'
import { parseAddress } from '#format/ip-address.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import { encodeName, type Name } from '#format/x509/name.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { ProfileDocument } from './document/profile-document.ts'
import { subjectAttributes } from './document/words.ts'
import type { CertificateFacts, Profile } from './profile.ts'

export type AlternativeNameTemplate = NonNullable<
  ProfileDocument['subjectAlternativeName']
>['names'][number]

/**
 * The subject that the template draws, one attribute a part, in the template's order; an attribute
 * with a placeholder whose fact is absent is left out.
 *
 * @throws FormatError `string-characters` for facts that `checkFacts` refuses
 */
export function drawSubject(profile: Profile, facts: CertificateFacts): Name {
  return encodeName(drawAttributes(profile, facts).map(({ type, value }) => [{ type, value }]))
}

/** Whether the subject has any part. */
export function drawsSubject(profile: Profile, facts: CertificateFacts): boolean {
  return drawAttributes(profile, facts).length > 0
}

/**
 * The alternative names that the template draws; a name whose fact is absent is left out, one that
 * stands for `{names}` is drawn once for each.
 *
 * @throws TypeError for facts that `checkFacts` refuses
 */
export function drawSubjectAlternativeName(
  profile: Profile,
  facts: CertificateFacts,
): readonly GeneralName[] {
  return drawAlternativeTexts(profile, facts).map(({ template, value }) => {
    const name = alternativeNameOf(template, value)
    if (name === undefined) throw new TypeError(`"${value}" is no ${template.kind} name`)
    return name
  })
}

/**
 * Whether certificates can be drawn from these facts: each attribute fits its upper bound and its
 * string type. To be asked when a device or a name enters the ledger, long before it enrols.
 *
 * @see RFC 5280 appendix A.1 (upper bounds), X.520 (serialNumber and C are PrintableString)
 */
export function checkFacts(profile: Profile, facts: CertificateFacts): Refused | undefined {
  for (const { name, value } of drawAttributes(profile, facts)) {
    const { atMost } = subjectAttributes[name]
    if (value.length > atMost)
      return refuse(
        'input-wrong',
        `${name} "${value}" has ${value.length} characters, at most ${atMost} fit`,
      )
    if ((name === 'serialNumber' || name === 'C') && !isPrintable(value))
      return refuse(
        'input-wrong',
        `${name} "${value}" may hold letters, digits, space and ' ( ) + , - . / : = ? only`,
      )
    if (!value.isWellFormed() || /\p{Cc}/u.test(value))
      return refuse('input-wrong', `${name} holds a control character or half a character`)
  }
  for (const { template, value } of drawAlternativeTexts(profile, facts))
    if (alternativeNameOf(template, value) === undefined)
      return refuse('input-wrong', `"${value}" is no ${template.kind} name`)
  return undefined
}

function drawAttributes({ document }: Profile, facts: CertificateFacts) {
  return document.subject.attributes.flatMap(({ type: name, value: template }) => {
    const value = fill(template, facts)
    return value === undefined || value === ''
      ? []
      : [{ name, type: oid(subjectAttributes[name].oid), value }]
  })
}

function drawAlternativeTexts({ document }: Profile, facts: CertificateFacts) {
  const { names = [] } = document.subjectAlternativeName ?? {}
  return names.flatMap((template) => {
    const listed = template.value.includes('{names}')
    const texts = listed
      ? (facts.names ?? []).map((name) =>
          fill(template.value.split('{names}').join('{name}'), { ...facts, name }),
        )
      : [fill(template.value, facts)]
    return texts.flatMap((value) => (value === undefined ? [] : [{ template, value }]))
  })
}

/** The text with its placeholders filled; undefined if a fact is absent. A fact is never read as a template. */
export function fill(template: string, facts: CertificateFacts): string | undefined {
  let text = ''
  let isName = false
  for (const part of partsOf(template)) {
    const filled = isName ? factOf(facts, part) : part
    if (filled === undefined) return undefined
    text += filled
    isName = !isName
  }
  return text
}

/** Templates come from profiles alone; this is more than any house has. */
const mostTemplates = 1_000
const knownParts = new Map<string, readonly string[]>()

/** Literal text and names of facts by turns, text first. */
function partsOf(template: string): readonly string[] {
  let parts = knownParts.get(template)
  if (parts === undefined) {
    parts = template.split(/\{(\w+)\}/)
    if (knownParts.size >= mostTemplates) knownParts.clear()
    knownParts.set(template, parts)
  }
  return parts
}

function factOf(facts: CertificateFacts, name: string): string | undefined {
  switch (name) {
    case 'maker':
    case 'product':
    case 'serial':
    case 'hardwareRevision':
    case 'lot':
    case 'name':
    case 'module':
    case 'moduleCertificate':
      return facts[name]
    default:
      return undefined
  }
}

/** RFC 5280 section 4.2.1.6: host names in the preferred syntax, all else IA5; undefined: it is not. */
function alternativeNameOf(
  { kind, type }: AlternativeNameTemplate,
  value: string,
): GeneralName | undefined {
  const bytes = kind === 'host' || kind === 'ip' ? parseAddress(value) : undefined
  switch (kind) {
    case 'host':
    case 'ip':
    case 'dns':
      if (bytes !== undefined) return { kind: 'ip', bytes }
      return kind !== 'ip' && isHostName(value) ? { kind: 'dns', value } : undefined
    case 'uri':
    case 'email':
      return /^[!-~]+$/.test(value) ? { kind, value } : undefined
    case 'hardwareModuleName': {
      const serialNumber = new TextEncoder().encode(value)
      return { kind, hardwareType: parseOidText(type ?? ''), serialNumber }
    }
    case 'permanentIdentifier':
      return { kind, identifier: value, ...(type && { assigner: parseOidText(type) }) }
  }
}

/**
 * RFC 1123 section 2.1, RFC 1035 section 2.3.4; a wildcard may be the first label of several. No name ends in a number:
 * that is an address with a slip of the pen, such as a zero too many.
 */
function isHostName(text: string): boolean {
  const labels = text.split('.')
  if (text.length > 253 || text === '*' || /^\d+$/.test(labels.at(-1) ?? '')) return false
  return labels.every(
    (label, index) =>
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label) || (label === '*' && index === 0),
  )
}
