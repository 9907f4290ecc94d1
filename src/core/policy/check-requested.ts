// SPDX-License-Identifier: Apache-2.0

import { sameBytes } from '#format/bytes.ts'
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { readDer } from '#format/der/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { attributes } from '#format/oids.ts'
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { type Extension, encodeExtension, readExtension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import { formatName, type Name, sameName, sameRdn } from '#format/x509/name.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import { isAddable, sameAlternativeName, showAlternativeName } from './alternative-names.ts'
import { extensionsFor } from './extensions-for.ts'
import type { CertificateFacts, Profile } from './profile.ts'
import { drawSubject, drawSubjectAlternativeName } from './templates.ts'

/** Whether a request asks for nothing that the profile does not give. Possession is not looked at. */
export function checkRequested(
  profile: Profile,
  facts: CertificateFacts,
  request: CertificationRequest,
): Refused | undefined {
  return (
    checkSubject(profile, facts, request.subject) ??
    checkAlternativeNames(profile, facts, request.requestedExtensions) ??
    checkAttributes(request) ??
    checkExtensions(profile, facts, request.requestedExtensions)
  )
}

/** The extensions that a request, found good by `checkRequested`, brings into the certificate. */
export function takenOver(
  profile: Profile,
  facts: CertificateFacts,
  request: CertificationRequest,
): readonly Extension[] {
  const oids = profile.document.requestedExtensions?.oids ?? []
  const brought = request.requestedExtensions
    .filter(({ oid }) => oids.includes(oid))
    .map((extension) => ({ ...extension, critical: false }))
  const drawn = drawSubjectAlternativeName(profile, facts)
  const added = addedNames(profile, facts, drawn, requestedNames(request.requestedExtensions))
  if (added.length === 0) return brought
  const critical = drawSubject(profile, facts).rdns.length === 0
  return [encodeExtension('subjectAltName', [...drawn, ...added], critical), ...brought]
}

function checkSubject(profile: Profile, facts: CertificateFacts, asked: Name): Refused | undefined {
  if (asked.rdns.length === 0) return undefined
  const drawn = drawSubject(profile, facts)
  if (isWithin(profile.document.subject.requested, asked, drawn)) return undefined
  return refuse(
    'subject-beyond-profile',
    `request asks for subject "${formatName(asked)}", profile ${profile.name} gives "${formatName(drawn)}"`,
  )
}

function isWithin(
  freedom: Profile['document']['subject']['requested'],
  asked: Name,
  drawn: Name,
): boolean {
  switch (freedom) {
    case 'nothing':
      return false
    case 'same':
      return sameName(asked, drawn)
    case 'part':
      return asked.rdns.every((rdn) => drawn.rdns.some((other) => sameRdn(rdn, other)))
    case 'ignored':
      return true
  }
}

function checkAlternativeNames(
  profile: Profile,
  facts: CertificateFacts,
  requested: readonly Extension[],
): Refused | undefined {
  const asked = requestedNames(requested)
  const section = profile.document.subjectAlternativeName
  const freedom = section?.requested ?? 'nothing'
  if (asked.length === 0 || freedom === 'ignored') return undefined
  const drawn = drawSubjectAlternativeName(profile, facts)
  const beyond = asked.find(
    (name) =>
      !isAddable(section?.mayAdd ?? [], facts, name) &&
      (freedom === 'nothing' || !drawn.some((other) => sameAlternativeName(other, name))),
  )
  if (beyond !== undefined)
    return refuseNames(
      profile,
      `"${showAlternativeName(beyond)}" is not among the names that it gives`,
    )
  const missing = drawn.find((name) => !asked.some((other) => sameAlternativeName(other, name)))
  if (freedom === 'same' && missing !== undefined)
    return refuseNames(profile, `the request leaves out "${showAlternativeName(missing)}"`)
  const added = addedNames(profile, facts, drawn, asked).length
  const atMost = section?.mayAddAtMost ?? 0
  return added > atMost
    ? refuseNames(profile, `the request adds ${added} names, at most ${atMost} are allowed`)
    : undefined
}

function refuseNames({ name }: Profile, what: string): Refused {
  return refuse('subject-alternative-name-beyond-profile', `profile ${name}: ${what}`)
}

function requestedNames(requested: readonly Extension[]): readonly GeneralName[] {
  return readExtension(requested, 'subjectAltName') ?? []
}

/** What the request names beyond the template and within the patterns, each once. */
function addedNames(
  { document }: Profile,
  facts: CertificateFacts,
  drawn: readonly GeneralName[],
  asked: readonly GeneralName[],
): readonly GeneralName[] {
  const patterns = document.subjectAlternativeName?.mayAdd ?? []
  const added: GeneralName[] = []
  for (const name of asked) {
    const known = [...drawn, ...added].some((other) => sameAlternativeName(other, name))
    if (!known && isAddable(patterns, facts, name)) added.push(name)
  }
  return added
}

/** Attributes that ask for something in the certificate in a way that is not served here. */
const refusedAttributes: ReadonlyMap<string, string> = new Map([
  [attributes.changeSubjectName, 'a change of subject (RFC 6402)'],
  ['1.3.6.1.4.1.311.2.1.14', 'extensions in the form of Microsoft'],
])

/** Attributes that say something of the request alone are passed over: RFC 2986 section 4.1. */
function checkAttributes({ attributes: asked }: CertificationRequest): Refused | undefined {
  const wrong = asked.find(({ type }) => refusedAttributes.has(type))
  return (
    wrong &&
    refuse(
      'attribute-beyond-profile',
      `request asks by attribute ${wrong.type} for ${refusedAttributes.get(wrong.type)}; only extensionRequest is read`,
    )
  )
}

/** What a request may say although it changes nothing: we compute or drew it, it must ask for no more. */
function checkExtensions(
  profile: Profile,
  facts: CertificateFacts,
  requested: readonly Extension[],
): Refused | undefined {
  if (requested.length === 0) return undefined
  const given = extensionsFor(profile, facts, { subjectKeyIdentifier: new Uint8Array(20) })
  const oids = profile.document.requestedExtensions?.oids ?? []
  for (const extension of requested) {
    const { oid } = extension
    if (passedOver.has(oid) || (oids.includes(oid) && isDer(extension.value))) continue
    if (given.some((one) => one.oid === oid && sameBytes(one.value, extension.value))) continue
    if (isLess(oid, requested, given)) continue
    return refuse(
      'attribute-beyond-profile',
      `request asks for extension ${oid} with a value that profile ${profile.name} does not give`,
    )
  }
  return undefined
}

/** Names were checked before; an identifier of the key is a hint that we compute ourselves. */
const passedOver: ReadonlySet<Oid> = new Set([
  extensionCodecs.subjectAltName.oid,
  extensionCodecs.subjectKeyIdentifier.oid,
])

/** Whether the request's usages are some of those given; an absent purpose extension allows every purpose. */
function isLess(oid: Oid, requested: readonly Extension[], given: readonly Extension[]): boolean {
  switch (oid) {
    case extensionCodecs.keyUsage.oid:
      return isSubset(readExtension(requested, 'keyUsage'), readExtension(given, 'keyUsage') ?? [])
    case extensionCodecs.extKeyUsage.oid: {
      const purposes = readExtension(given, 'extKeyUsage')
      return purposes === undefined || isSubset(readExtension(requested, 'extKeyUsage'), purposes)
    }
    case extensionCodecs.basicConstraints.oid:
      return readExtension(requested, 'basicConstraints')?.ca === false
    default:
      return false
  }
}

/** Whether the bytes are one DER value: a stranger's extension is copied, so it must at least be that. */
function isDer(bytes: Uint8Array): boolean {
  try {
    readDer(bytes, limits.small, (reader) => reader.any())
    return true
  } catch (error) {
    if (error instanceof FormatError) return false
    throw error
  }
}

function isSubset<T>(asked: readonly T[] = [], given: readonly T[]): boolean {
  return asked.every((one) => given.includes(one))
}
