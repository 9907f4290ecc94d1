// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a name lies within a constraint of the same form: RFC 5280 section 4.2.1.10.
 *
 * Each function gives undefined where the name's syntax does not let it be judged: that is refused whether the
 * constraint permits or excludes.
 */
import { type Name, sameRdn } from '#format/x509/name.ts'

const hostName = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/

/**
 * "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side".
 *
 * A leading dot is not of the RFC; it asks for at least one label more, as in OpenSSL and Go.
 */
export function dnsWithin(name: string, constraint: string): boolean | undefined {
  const lower = name.toLowerCase()
  const wanted = constraint.toLowerCase()
  if (!hostName.test(lower.replace(/^\*\./, ''))) return undefined
  if (wanted === '') return true
  if (wanted.startsWith('.')) return lower.endsWith(wanted)
  return lower === wanted || lower.endsWith(`.${wanted}`)
}

/** As `dnsWithin`, but a wildcard counts as every name that it can stand for: what an exclusion has to ask. */
export function dnsMayReach(name: string, constraint: string): boolean | undefined {
  const within = dnsWithin(name, constraint)
  if (within !== false || !name.startsWith('*.')) return within
  const parent = constraint.toLowerCase().replace(/^[^.]+\./, '')
  return parent === name.slice(2).toLowerCase()
}

/** "A particular mailbox, all addresses at a particular host, or all mailboxes in a domain". */
export function emailWithin(address: string, constraint: string): boolean | undefined {
  const at = address.lastIndexOf('@')
  const host = address.slice(at + 1).toLowerCase()
  if (at < 1 || !hostName.test(host)) return undefined
  const mark = constraint.lastIndexOf('@')
  if (mark < 0) return hostWithin(host, constraint)
  // Section 7.5: the local part is compared exactly, the host without regard to case.
  const sameMailbox = address.slice(0, at) === constraint.slice(0, mark)
  return sameMailbox && host === constraint.slice(mark + 1).toLowerCase()
}

/** "The constraint applies to the host part of the name"; a URI without a fully qualified host is never judged. */
export function uriWithin(uri: string, constraint: string): boolean | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1]
  const host = authority
    ?.slice(authority.lastIndexOf('@') + 1)
    .replace(/:\d*$/, '')
    .toLowerCase()
  if (host === undefined || !hostName.test(host) || /^[\d.]+$/.test(host)) return undefined
  return hostWithin(host, constraint)
}

/** Of mail and URI: a host is that host alone; a leading dot is every host of the domain, not the domain itself. */
function hostWithin(host: string, constraint: string): boolean {
  const wanted = constraint.toLowerCase()
  if (wanted === '') return true
  return wanted.startsWith('.') ? host.endsWith(wanted) : host === wanted
}

/** Address and mask of equal length; an address of the other family is not within. */
export function addressWithin(address: Uint8Array, constraint: Uint8Array): boolean {
  const { length } = address
  if (constraint.length !== 2 * length) return false
  return address.every((octet, index) => {
    const mask = constraint[length + index] ?? 0
    return (octet & mask) === ((constraint[index] ?? 0) & mask)
  })
}

/** The constraint's parts are the first parts of the name, by the comparison of section 7.1. */
export function directoryWithin(name: Name, constraint: Name): boolean {
  return constraint.rdns.every((rdn, index) => {
    const part = name.rdns[index]
    return part !== undefined && sameRdn(part, rdn)
  })
}
