// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { parseAddressText } from './address-text.ts'

/**
 * The address that the last proxy says it was called from: the last element of `Forwarded`, else the
 * last of `X-Forwarded-For`. What stands before it came from elsewhere and is not read.
 *
 * @returns the address as text; undefined if neither field is there, or the proxy hides it
 * @throws FormatError if the last element names no IP address
 * @see RFC 7239 sections 4, 5.2 and 6
 */
export function lastForwardedFor(
  forwarded: string | undefined,
  xForwardedFor: string | undefined,
): string | undefined {
  if (forwarded !== undefined) {
    const element = lastOf(forwarded)
    const node = /(?:^|;)[ \t]*for=("?)([^";,\s]+)\1[ \t]*(?:;|$)/i.exec(element)?.[2]
    if (node === undefined) throw new FormatError('text-malformed', 0, 'Forwarded without for=')
    return addressOf(node)
  }
  return xForwardedFor === undefined ? undefined : addressOf(lastOf(xForwardedFor))
}

function lastOf(list: string): string {
  return list.slice(list.lastIndexOf(',') + 1).trim()
}

/** RFC 7239 section 6: an address, IPv6 in brackets, with or without a port; or a name that hides it. */
function addressOf(node: string): string | undefined {
  if (node === 'unknown' || /^_[A-Za-z0-9._-]+$/.test(node)) return undefined
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(node) ?? []
  // X-Forwarded-For writes IPv6 bare.
  const address = parseAddressText(bracketed ?? plain ?? node)
  if (address === undefined) throw new FormatError('text-malformed', 0, 'no IP address')
  return address
}
