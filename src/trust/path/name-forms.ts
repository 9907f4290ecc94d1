// SPDX-License-Identifier: Apache-2.0
/** Whether a name of one form lies within a constraint of the same form: RFC 5280 section 4.2.1.10. */

/**
 * "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side".
 *
 * A leading dot is not of the RFC; it asks for at least one label more, as in OpenSSL and Go.
 */
export function dnsWithin(name: string, constraint: string): boolean {
  const [lowerName, lowerConstraint] = [name.toLowerCase(), constraint.toLowerCase()]
  if (lowerConstraint === '') return true
  if (lowerConstraint.startsWith('.')) return lowerName.endsWith(lowerConstraint)
  return lowerName === lowerConstraint || lowerName.endsWith(`.${lowerConstraint}`)
}

/** Whether a wildcard can stand for a name within the constraint: what an exclusion has to ask (CVE-2025-61727). */
export function dnsMayReach(name: string, constraint: string): boolean {
  if (dnsWithin(name, constraint)) return true
  if (!name.startsWith('*.')) return false
  const [, ...rest] = constraint.toLowerCase().split('.')
  return rest.join('.') === name.slice(2).toLowerCase()
}

/** "A particular mailbox, all addresses at a particular host, or all mailboxes in a domain". */
export function emailWithin(address: string, constraint: string): boolean {
  const at = address.lastIndexOf('@')
  if (at < 1) return false
  const host = address.slice(at + 1).toLowerCase()
  const mark = constraint.lastIndexOf('@')
  if (mark >= 0) {
    // RFC 5280 section 7.5: the local part is compared exactly, the host without regard to case.
    return (
      address.slice(0, at) === constraint.slice(0, mark) &&
      host === constraint.slice(mark + 1).toLowerCase()
    )
  }
  return hostWithin(host, constraint)
}

/**
 * "The constraint applies to the host part of the name"; a URI whose authority has no host name is never within.
 *
 * The RFC demands that such a URI is refused under any URI constraint: `uriHost` is undefined for it.
 */
export function uriWithin(uri: string, constraint: string): boolean {
  const host = uriHost(uri)
  return host !== undefined && hostWithin(host, constraint)
}

/** The fully qualified host name of a URI, or undefined if it has none, or an address in its place. */
export function uriHost(uri: string): string | undefined {
  const match = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:@[\]]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri)
  const host = match?.[1]?.toLowerCase()
  return host === undefined || /^[\d.]+$/.test(host) ? undefined : host
}

/** Of mail and URI: a host is that host alone, a leading dot is all hosts of the domain but not the domain. */
function hostWithin(host: string, constraint: string): boolean {
  const wanted = constraint.toLowerCase()
  if (wanted === '') return true
  return wanted.startsWith('.') ? host.endsWith(wanted) : host === wanted
}

/** Address and mask of equal length; an address of the other family is never within. */
export function addressWithin(address: Uint8Array, constraint: Uint8Array): boolean {
  const { length } = address
  if (constraint.length !== 2 * length) return false
  return address.every((octet, index) => {
    const mask = constraint[length + index] ?? 0
    return (octet & mask) === ((constraint[index] ?? 0) & mask)
  })
}
