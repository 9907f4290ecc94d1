// SPDX-License-Identifier: Apache-2.0
import { type Oid, oid } from '#format/der/oid.ts'
import { FormatError } from '#format/format-error.ts'
import type { ExtensionCodec } from './codec.ts'

/** RFC 5280 4.2.1.9; `pathLength` only with `ca`. */
export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength?: number
}

const greatestInteger = 0x7fff_ffff

export const basicConstraints: ExtensionCodec<BasicConstraints> = {
  oid: oid('2.5.29.19'),
  critical: true,
  read(reader) {
    const inner = reader.sequence()
    const ca = inner.booleanDefaultFalse()
    if (!inner.hasMore) return { ca }
    if (!ca) throw new FormatError('value-not-allowed', inner.offset, 'path length without CA')
    const pathLength = inner.smallInteger(greatestInteger)
    inner.end()
    return { ca, pathLength }
  },
  write(writer, { ca, pathLength }) {
    writer.sequence(() => {
      writer.booleanDefaultFalse(ca)
      if (pathLength !== undefined) writer.integer(pathLength)
    })
  },
}

/** RFC 5280 4.2.1.3, by bit number. */
export const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const
export type KeyUsageName = (typeof keyUsageNames)[number]

/** In the order of the bits; at least one. */
export const keyUsage: ExtensionCodec<readonly KeyUsageName[]> = {
  oid: oid('2.5.29.15'),
  critical: true,
  read(reader) {
    const start = reader.offset
    const mask = reader.namedBits(keyUsageNames.length)
    if (mask === 0) throw new FormatError('value-not-allowed', start, 'key usage without any use')
    return keyUsageNames.filter((_, bit) => (mask >> bit) & 1)
  },
  write(writer, uses) {
    let mask = 0
    for (const use of uses) mask |= 1 << keyUsageNames.indexOf(use)
    writer.namedBits(mask)
  },
}

/** RFC 5280 4.2.1.12. */
export const extKeyUsage: ExtensionCodec<readonly Oid[]> = {
  oid: oid('2.5.29.37'),
  critical: false,
  read: (reader) => reader.sequenceOf((purpose) => purpose.oid()),
  write(writer, purposes) {
    writer.sequence(() => {
      for (const purpose of purposes) writer.oid(purpose)
    })
  },
}

/** RFC 7633: numbers of TLS extensions that the server must honour. */
export const tlsFeature: ExtensionCodec<readonly number[]> = {
  oid: oid('1.3.6.1.5.5.7.1.24'),
  critical: false,
  read: (reader) => reader.sequenceOf((feature) => feature.smallInteger(0xffff)),
  write(writer, features) {
    writer.sequence(() => {
      for (const feature of features) writer.integer(feature)
    })
  },
}
