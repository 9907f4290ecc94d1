// SPDX-License-Identifier: Apache-2.0
import { attributeTypes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { type ExtensionValues, readExtension } from '#format/x509/extension.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import { formatName } from '#format/x509/name.ts'
import { type Refused, refuse } from '../refusal.ts'
import type { PathBudget } from './budget.ts'
import {
  addressWithin,
  directoryWithin,
  dnsMayReach,
  dnsWithin,
  emailWithin,
  uriWithin,
} from './name-forms.ts'

/** The alternatives of GeneralName that a constraint can speak of; every otherName is one form. */
type Form = 'dns' | 'email' | 'uri' | 'ip' | 'directory' | 'registeredId' | 'other'

/**
 * permitted_subtrees and excluded_subtrees of RFC 5280 section 6.1.
 *
 * Each authority's permitted subtrees are kept apart: a name within one of each lies in their intersection.
 */
export class NameRestrictions {
  readonly #budget: PathBudget
  readonly #permitted: (readonly GeneralName[])[] = []
  readonly #excluded: GeneralName[] = []

  constructor(budget: PathBudget) {
    this.#budget = budget
  }

  /** 6.1.4 (g): from here on down, these hold too. */
  add(constraints: ExtensionValues['nameConstraints']): void {
    if (constraints.permitted.length > 0) {
      this.#permitted.push(constraints.permitted.map(({ base }) => base))
    }
    this.#excluded.push(...constraints.excluded.map(({ base }) => base))
  }

  /** 6.1.3 (b) and (c): whether every name of the certificate may be there. */
  check(certificate: Certificate): Refused | undefined {
    if (this.#permitted.length === 0 && this.#excluded.length === 0) return undefined
    for (const name of namesOf(certificate)) {
      const no = this.#checkName(name)
      if (no !== undefined) return no
    }
    return undefined
  }

  #checkName(name: GeneralName): Refused | undefined {
    for (const excluded of this.#excluded)
      if (this.#judge(name, excluded, 'exclude') !== false)
        return refuse('name-not-permitted', `${show(name)} is excluded by an authority of its path`)
    for (const authority of this.#permitted) {
      const sameForm = authority.filter((base) => formOf(base) === formOf(name))
      if (sameForm.length === 0) continue
      if (!sameForm.some((base) => this.#judge(name, base, 'permit') === true))
        return refuse(
          'name-not-permitted',
          `${show(name)} is not among the names that an authority of its path may certify`,
        )
    }
    return undefined
  }

  /** Undefined: of one form, but not to be judged. */
  #judge(name: GeneralName, base: GeneralName, effect: 'permit' | 'exclude'): boolean | undefined {
    this.#budget.spend('nameComparisons')
    if (formOf(name) !== formOf(base)) return false
    if (name.kind === 'dns' && base.kind === 'dns') {
      const within = effect === 'permit' ? dnsWithin : dnsMayReach
      return within(name.value, base.value)
    }
    if (name.kind === 'email' && base.kind === 'email') return emailWithin(name.value, base.value)
    if (name.kind === 'uri' && base.kind === 'uri') return uriWithin(name.value, base.value)
    if (name.kind === 'ip' && base.kind === 'ip') return addressWithin(name.bytes, base.bytes)
    if (name.kind === 'directory' && base.kind === 'directory')
      return directoryWithin(name.name, base.name)
    // Section 4.2.1.10: a constrained form that we do not process must be refused where it appears.
    return undefined
  }
}

function formOf({ kind }: GeneralName): Form {
  return kind === 'hardwareModuleName' || kind === 'permanentIdentifier' ? 'other' : kind
}

/** "When the subject is not an empty sequence", every alternative name, and mail addresses within the subject. */
function namesOf({ subject, extensions }: Certificate): GeneralName[] {
  const names: GeneralName[] = [...(readExtension(extensions, 'subjectAltName') ?? [])]
  if (subject.rdns.length > 0) names.push({ kind: 'directory', name: subject })
  for (const { type, value } of subject.rdns.flat())
    if (type === attributeTypes.emailAddress) names.push({ kind: 'email', value })
  return names
}

function show(name: GeneralName): string {
  switch (name.kind) {
    case 'dns':
    case 'email':
    case 'uri':
      return `${name.kind} ${JSON.stringify(name.value.slice(0, 128))}`
    case 'ip':
      return `address ${name.bytes.toHex()}`
    case 'directory':
      return `name ${formatName(name.name).slice(0, 256)}`
    default:
      return `name of form ${name.kind}`
  }
}
