// SPDX-License-Identifier: Apache-2.0
import { oid } from '#format/der/oid.ts'
import { encodeDummyRsaKey } from '#format/est/dummy-rsa-key.ts'
import type {
  AttributeTemplate,
  ExtensionTemplate,
  KeyTemplate,
  RequestTemplate,
} from '#format/est/request-template.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { encodeName } from '#format/x509/name.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'
import { subjectAttributes } from './document/words.ts'
import { usagesFor } from './extensions-for.ts'
import type { CertificateFacts, Profile } from './profile.ts'
import { drawSubjectAlternativeName, fill } from './templates.ts'

/**
 * A request for this profile as far as the server can write it: a request that follows it is within the profile.
 *
 * Asked are names only where the profile lets a request speak of them, and of names that a request may
 * also leave out only those that each device can tell: its serial. The key is the first that the profile names;
 * the others stay admitted, but a template has room for one.
 *
 * @see RFC 9908 section 3.4
 */
export function requestTemplateFor(profile: Profile, facts: CertificateFacts): RequestTemplate {
  const subject = subjectFor(profile, facts)
  return {
    subject: subject.length === 0 ? undefined : subject.map((part) => [part]),
    key: keyFor(profile),
    extensions: [...usagesFor(profile), ...namesFor(profile, facts)],
    attributes: [],
  }
}

function subjectFor({ document }: Profile, facts: CertificateFacts): AttributeTemplate[] {
  const { attributes, requested } = document.subject
  if (requested === 'nothing' || requested === 'ignored') return []
  return attributes.flatMap(({ type: name, value: template }): AttributeTemplate[] => {
    const type = oid(subjectAttributes[name].oid)
    const value = fill(template, facts)
    if (value === '') return []
    if (value !== undefined) {
      const given = encodeName([[{ type, value }]]).rdns[0]?.[0]
      return [{ type, given }]
    }
    return requested === 'same' || template === '{serial}' ? [{ type, given: undefined }] : []
  })
}

/** Alternative names: all of them where each device has the same; else left to the client if it must say them. */
function namesFor(profile: Profile, facts: CertificateFacts): ExtensionTemplate[] {
  const section = profile.document.subjectAlternativeName
  const { names = [], requested = 'nothing' } = section ?? {}
  if (names.length === 0 || requested === 'nothing' || requested === 'ignored') return []
  const isCritical = profile.document.subject.attributes.length === 0
  if (names.every(({ value }) => fill(value, facts) !== undefined)) {
    return [
      encodeExtension('subjectAltName', drawSubjectAlternativeName(profile, facts), isCritical),
    ]
  }
  if (requested === 'part') return []
  return [{ oid: extensionCodecs.subjectAltName.oid, critical: isCritical, value: undefined }]
}

function keyFor({ keyAlgorithms: [first] }: Profile): KeyTemplate | undefined {
  if (first === undefined) return undefined
  const { identifier, canonical, bits } = keyAlgorithms[first]
  const dummyKey = canonical === 'modulus' ? encodeDummyRsaKey(bits) : undefined
  return { algorithm: identifier, dummyKey }
}
