// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import type { CertificationRequestInfo } from '#format/x509/certification-request.ts'
import type { Extension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import type { RequestTemplate } from './request-template.ts'

/** What a client knows of itself, by the object identifier of an attribute of a name or of an extension. */
export interface ClientFacts {
  readonly attributes: Readonly<Record<string, string>>
  /** Content of extnValue. */
  readonly extensions: Readonly<Record<string, Uint8Array>>
}

export type FilledTemplate =
  /** All of a request but its key; `key` of the template says which. */
  | { readonly kind: 'filled'; readonly info: Omit<CertificationRequestInfo, 'publicKey'> }
  /** What the server leaves to a client that does not know it. */
  | { readonly kind: 'lacking'; readonly oids: readonly Oid[] }

/**
 * Fills in what a server left out of its template, and takes all else as it stands.
 *
 * @throws FormatError `value-not-allowed` or `string-characters` for a fact that no name can hold
 * @see RFC 9908 section 3.4
 */
export function requestFromTemplate(template: RequestTemplate, facts: ClientFacts): FilledTemplate {
  const lacking: Oid[] = []
  const knows = <T>(known: Readonly<Record<string, T>>, oid: Oid): T[] => {
    if (Object.hasOwn(known, oid)) return [known[oid]!]
    lacking.push(oid)
    return []
  }
  const rdns = (template.subject ?? []).map((rdn) =>
    rdn.flatMap(({ type, given }) =>
      given === undefined
        ? knows(facts.attributes, type).map((value) => ({ type, value }))
        : [{ type, value: given.value }],
    ),
  )
  const extensions = template.extensions.flatMap((one): Extension[] =>
    one.value === undefined
      ? knows(facts.extensions, one.oid).map((value) => ({ ...one, value }))
      : [{ ...one, value: one.value }],
  )
  if (lacking.length > 0) return { kind: 'lacking', oids: lacking }
  const { attributes } = template
  return { kind: 'filled', info: { subject: encodeName(rdns), extensions, attributes } }
}
