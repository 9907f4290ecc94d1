// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { dangerouslySha1 } from '#trust/digest.ts'

/** RFC 9562 section 6.6: the namespace of domain names. */
const dnsNamespace = Uint8Array.fromHex('6ba7b8109dad11d180b400c04fd430c8')
const written = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The octets of a UUID as it is written; undefined: it is none. */
export function parseUuid(text: string): Uint8Array | undefined {
  return written.test(text) ? Uint8Array.fromHex(text.replaceAll('-', '')) : undefined
}

/** As it is written, in lower case. */
export function formatUuid(uuid: Uint8Array): string {
  return uuid.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Version 5: the name within the namespace, which SHA-1 names and proves nothing. @see RFC 9562 section 5.5 */
export function namedUuid(namespace: Uint8Array, name: string): Uint8Array {
  const hash = dangerouslySha1(concatBytes([namespace, new TextEncoder().encode(name)]))
  const uuid = hash.slice(0, 16)
  uuid[6] = (uuid[6]! & 0x0f) | 0x50
  uuid[8] = (uuid[8]! & 0x3f) | 0x80
  return uuid
}

/** A vendor, by UUID or by its domain (section 8.4.8.2 of the draft: UUID5 of the domain name). */
export function vendorIdentifier(text: string): Uint8Array {
  return parseUuid(text) ?? namedUuid(dnsNamespace, text)
}

/** A class of devices, by UUID or by what the vendor calls it (UUID5 within the vendor). */
export function classIdentifier(vendor: Uint8Array, text: string): Uint8Array {
  return parseUuid(text) ?? namedUuid(vendor, text)
}
