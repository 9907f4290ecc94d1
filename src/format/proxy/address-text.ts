// SPDX-License-Identifier: Apache-2.0

/** 4 or 16 octets as text; IPv6 as RFC 5952 writes it, IPv4 that is mapped into it as IPv4. */
export function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.')
  const isMapped = octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 0xff
  if (isMapped && octets[11] === 0xff) return octets.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((octets[2 * at] ?? 0) << 8) | (octets[2 * at + 1] ?? 0)).toString(16),
  )
  return shorten(groups.join(':'))
}

/** The text of an IP address as `addressText` writes it; undefined if it is none. */
export function parseAddressText(text: string): string | undefined {
  if (text.includes(':')) return /^[0-9a-f:.]+$/i.test(text) ? shortenOrNot(text) : undefined
  const parts = text.split('.')
  const isAddress =
    parts.length === 4 &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  return isAddress ? text : undefined
}

function shorten(text: string): string {
  return new URL(`http://[${text}]`).hostname.slice(1, -1)
}

function shortenOrNot(text: string): string | undefined {
  return URL.canParse(`http://[${text}]`) ? shorten(text) : undefined
}
