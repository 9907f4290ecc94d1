// SPDX-License-Identifier: Apache-2.0
import type { Look, Sight, Tell } from '../sight.ts'
import { readDerKey } from './der-key.ts'
import { sequenceAround } from './der-span.ts'
import { tellDerKey } from './tell-key.ts'

/** By what the structures of private keys begin with, after the header of their SEQUENCE. */
const beginnings = [
  // PKCS #8, versions 1 and 2: version, and the SEQUENCE of an algorithm.
  '02010030',
  '02010130',
  // PKCS #1, and DSA as OpenSSL writes it: version, and a number of 512, up to 2040, or more bits.
  '0201000240',
  '0201000241',
  '0201000281',
  '0201000282',
  // SEC 1: version, and a scalar of 28, 32, 48 or 66 octets.
  '020101041c',
  '0201010420',
  '0201010430',
  '0201010442',
]

/** RFC 8018 appendix A and RFC 7292 appendix C, without the last arcs. */
const sealings = ['06092a864886f70d0105', '060a2a864886f70d010c01']

/** Private keys in DER, in whatever lies around them. */
export const lookForDerKeys: readonly Look[] = [
  ...beginnings.map((hex) => ({ octets: Uint8Array.fromHex(hex), look: lookAtKey })),
  ...sealings.map((hex) => ({ octets: Uint8Array.fromHex(hex), look: lookAtSealed })),
]

function lookAtKey({ octets, at, base }: Sight, tell: Tell): void {
  // PKCS #8: an OID is the first in the algorithm.
  if (octets[at + 3] === 0x30 && octets[at + 4 + lengthOctets(octets[at + 4])] !== 0x06) return
  const span = sequenceAround(octets, at)
  if (span === undefined || span.end - span.start < 40 || !tell.spend(20)) return
  const der = octets.subarray(span.start, span.end)
  const key = readDerKey(der)
  if (key !== undefined) tellDerKey(key, 'DER', der, base + span.start, tell)
}

function lengthOctets(first: number | undefined): number {
  return first !== undefined && first > 0x80 ? first - 0x7f : 1
}

function lookAtSealed({ octets, at, base }: Sight, tell: Tell): void {
  const algorithm = sequenceAround(octets, at)
  const span = algorithm && sequenceAround(octets, algorithm.start)
  if (span === undefined || octets[algorithm!.end] !== 0x04 || !tell.spend(2)) return
  const der = octets.subarray(span.start, span.end)
  const key = readDerKey(der)
  if (key !== undefined) tellDerKey(key, 'DER', der, base + span.start, tell)
}
