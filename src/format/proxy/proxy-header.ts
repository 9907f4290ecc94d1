// SPDX-License-Identifier: Apache-2.0
/** The header by which a proxy says for whom it opened a connection: PROXY protocol, version 2. */
import { FormatError } from '../format-error.ts'
import { addressText } from './address-text.ts'
import { crc32c } from './crc32c.ts'

/** The protocol's own document, "The PROXY protocol, Versions 1 & 2" (HAProxy), section 2.2. */
const signature = Uint8Array.fromHex('0d0a0d0a000d0a515549540a')
const fixedBytes = 16

/**
 * The protocol allows 65,551 bytes. HAProxy writes 28 to 52, with all that it can tell of a TLS
 * client some hundreds; a cloud's load balancer under 200.
 */
export const mostProxyHeaderBytes = 2_048

/** For whom the connection was made. */
export type ProxyHeader =
  | {
      readonly kind: 'source'
      /** The client's address as text, IPv6 as in RFC 5952. */
      readonly address: string
      readonly port: number
    }
  /** The proxy speaks for itself, as when it looks whether we live; or the client has no IP address. */
  | { readonly kind: 'local' }

/**
 * How long the header is that begins here; undefined until enough of it is there to tell.
 *
 * @throws FormatError as soon as a byte can be of no such header, or it would be over the limit
 */
export function proxyHeaderLength(bytes: Uint8Array): number | undefined {
  const known = Math.min(bytes.length, signature.length)
  for (let at = 0; at < known; at++) {
    if (bytes[at] !== signature[at])
      throw new FormatError('value-not-allowed', at, 'no header of the PROXY protocol, version 2')
  }
  if (bytes.length < fixedBytes) return undefined
  const length = fixedBytes + new DataView(bytes.buffer, bytes.byteOffset).getUint16(14)
  if (length > mostProxyHeaderBytes)
    throw new FormatError('too-large', 14, `${length} bytes, at most ${mostProxyHeaderBytes}`)
  return length
}

/**
 * Parses a whole header and nothing after it.
 *
 * TLVs are walked, since they must fill the rest; a checksum among them must be right. What they say of
 * a TLS client is not read: whoever sent them, the client's key was not proved to us by it.
 *
 * @throws FormatError
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  const length = proxyHeaderLength(bytes)
  if (length === undefined || bytes.length < length)
    throw new FormatError('truncated', bytes.length)
  if (bytes.length > length) throw new FormatError('trailing-bytes', length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [version, command] = halves(view.getUint8(12))
  if (version !== 2) throw new FormatError('version-unknown', 12, `version ${version}`)
  if (command > 1) throw new FormatError('value-not-allowed', 12, `command ${command}`)
  const isLocal = command === 0
  const [family, transport] = halves(view.getUint8(13))
  const addressBytes = family === 0 ? 0 : addressBytesOf(family, transport)
  const end = fixedBytes + addressBytes
  // A header for itself may leave the addresses out, whatever family it names.
  if (end > length && !isLocal) throw new FormatError('truncated', length, 'no room for addresses')
  if (end <= length) walkTlvs(bytes, view, isLocal && family === 0 ? length : end)
  if (isLocal || family === 0 || family === 3) return { kind: 'local' }
  const size = family === 1 ? 4 : 16
  return {
    kind: 'source',
    address: addressText(bytes.subarray(fixedBytes, fixedBytes + size)),
    port: view.getUint16(fixedBytes + 2 * size),
  }
}

/** Two addresses and two ports; of sockets in a file system two names. */
function addressBytesOf(family: number, transport: number): number {
  if (transport !== 1)
    throw new FormatError('value-not-allowed', 13, `transport ${transport}, only streams come here`)
  if (family === 1) return 12
  if (family === 2) return 36
  if (family === 3) return 216
  throw new FormatError('value-not-allowed', 13, `address family ${family}`)
}

/** Section 2.2.3: the checksum is over the header with zeros in its own place. */
const checksumType = 0x03

function walkTlvs(bytes: Uint8Array, view: DataView, from: number): void {
  for (let at = from; at < bytes.length; ) {
    if (at + 3 > bytes.length) throw new FormatError('truncated', at, 'a TLV')
    const length = view.getUint16(at + 1)
    const value = at + 3
    if (value + length > bytes.length) throw new FormatError('truncated', at, 'a TLV')
    if (bytes[at] === checksumType) {
      if (length !== 4) throw new FormatError('value-not-allowed', at, 'a checksum has 4 bytes')
      const zeroed = Uint8Array.from(bytes)
      zeroed.fill(0, value, value + 4)
      if (crc32c(zeroed) !== view.getUint32(value))
        throw new FormatError('value-not-allowed', at, 'the checksum differs')
    }
    at = value + length
  }
}

function halves(byte: number): readonly [number, number] {
  return [byte >> 4, byte & 0x0f]
}
