// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { DerReader, readDer } from '#format/der/reader.ts'
import { contextConstructed, contextPrimitive, tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { registrationTypes, attributes as types } from '#format/oids.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'

/** How a device says that it made a key. Its own word, signed with that key; it proves nothing. */
export interface KeyMaking {
  /** Where its chance came from, as the device names it: `getrandom`, `tpm`, `/dev/hwrng`. */
  readonly source: string
  /** The program that made the key, with its version. */
  readonly client: string
  /** What the start-up tests of a raw source were; undefined: the source is conditioned, and not testable. */
  readonly tests: NoiseTests | undefined
  /** Whether the kernel said that its generator was ready; undefined: it was not asked, or does not tell. */
  readonly kernelReady: boolean | undefined
  /** What the device says that it runs. */
  readonly firmware: string | undefined
}

/** SP 800-90B section 4.4 on a raw source, passed: where they fail no key is made, and nothing is said. */
export interface NoiseTests {
  /** How many consecutive samples were tested. */
  readonly samples: number
  /** The width of a sample. */
  readonly symbolBits: number
  /** What the maker claims of each sample, in thousandths of a bit of min-entropy. */
  readonly claimedMillibits: number
  /** A sound source fails a test with a chance of 2 to the minus this. */
  readonly alphaExponent: number
  /** Samples in a window of the adaptive proportion test. */
  readonly window: number
  /** How often the tests failed on this device before. */
  readonly failuresBefore: number
}

/** The longest text of each field; what a device says of itself is short. */
export const mostCharacters = 128

/** The bounds of what can be said of tests. */
export const noiseTestBounds = {
  samples: { least: 1_024, most: 1_048_576 },
  symbolBits: { least: 1, most: 8 },
  claimedMillibits: { least: 1, most: 8_000 },
  /** SP 800-90B section 4.4: 2^-20 is advised, 2^-40 the least that is considered. */
  alphaExponent: { least: 20, most: 40 },
  window: { least: 512, most: 1_024 },
  failuresBefore: { least: 0, most: 65_535 },
} as const satisfies Record<keyof NoiseTests, { least: number; most: number }>

/**
 * What the attributes of a request say of how its key was made, as it stands there; undefined if they say nothing.
 *
 * It stands in the octets of id-cmc-regInfo and begins with our own object identifier. That is a UUID, whose number
 * many a parser refuses as too great, so that it is kept out of where foreign programs look. Registration information
 * of others is passed over; so is what this form cannot say one day, which gets another identifier.
 *
 * @throws FormatError for two statements
 */
export function keyMakingIn(attributes: readonly RequestAttribute[]): Uint8Array | undefined {
  const values = attributes.find(({ type }) => type === types.registrationInfo)?.values ?? []
  const [ours, more] = values.flatMap((value) => statementIn(value) ?? [])
  if (more !== undefined) throw new FormatError('value-not-allowed', 0, 'more than one statement')
  return ours
}

/** The octets inside, if they begin as ours do. */
function statementIn(value: Uint8Array): Uint8Array | undefined {
  try {
    const octets = DerReader.over(value, limits.request).octets()
    const type = DerReader.over(octets, limits.request).sequence().oid()
    return type === registrationTypes.keyMaking ? octets : undefined
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** The attribute of a request. @throws FormatError for what it cannot hold */
export function keyMakingAttribute(making: KeyMaking): RequestAttribute {
  const statement = encodeKeyMaking(making)
  const value = encodeDer((writer) => writer.octets(statement))
  return { type: types.registrationInfo, values: [value] }
}

/**
 * KeyMaking ::= SEQUENCE {
 *   type         OBJECT IDENTIFIER (registrationTypes.keyMaking),
 *   source       UTF8String (SIZE (1..128)),
 *   client       UTF8String (SIZE (1..128)),
 *   tests        [0] IMPLICIT NoiseTests OPTIONAL,   -- present: a raw source, and it passed
 *   kernelReady  [1] IMPLICIT BOOLEAN OPTIONAL,
 *   firmware     [2] IMPLICIT UTF8String (SIZE (1..128)) OPTIONAL }
 *
 * NoiseTests ::= SEQUENCE {
 *   samples, symbolBits, claimedMillibits, alphaExponent, window, failuresBefore  INTEGER }
 *
 * @throws FormatError
 */
export function parseKeyMaking(der: Uint8Array): KeyMaking {
  return readDer(der, limits.small, (outer) => {
    const reader = outer.sequence()
    const start = reader.offset
    if (reader.oid() !== registrationTypes.keyMaking)
      throw new FormatError('value-not-allowed', start, 'another type')
    const source = readWords(reader, tag.utf8String)
    const client = readWords(reader, tag.utf8String)
    const tests = reader.hasContext(0) ? readTests(reader) : undefined
    const kernelReady = reader.hasPrimitive(1) ? reader.boolean(contextPrimitive(1)) : undefined
    const firmware = reader.hasPrimitive(2) ? readWords(reader, contextPrimitive(2)) : undefined
    reader.end()
    return { source, client, tests, kernelReady, firmware }
  })
}

/** @throws FormatError for what the form cannot hold */
export function encodeKeyMaking(making: KeyMaking): Uint8Array {
  const der = encodeDer((writer) => {
    writer.sequence(() => {
      writer.oid(registrationTypes.keyMaking)
      writer.text(making.source, tag.utf8String)
      writer.text(making.client, tag.utf8String)
      if (making.tests !== undefined) writeTests(writer, making.tests)
      if (making.kernelReady !== undefined) writer.boolean(making.kernelReady, contextPrimitive(1))
      if (making.firmware !== undefined) writer.contextText(2, making.firmware, tag.utf8String)
    })
  })
  // What is out of bounds is told to who writes it, not to who reads it far away.
  parseKeyMaking(der)
  return der
}

/** One line for people: no control character can move a cursor, or end a line. */
function readWords(reader: DerReader, octet: number): string {
  const start = reader.offset
  const text =
    octet === tag.utf8String
      ? reader.text(tag.utf8String)
      : reader.contextText(octet & 0x1f, tag.utf8String)
  if (text === '' || text.length > mostCharacters)
    throw new FormatError('value-not-allowed', start, `1 to ${mostCharacters} characters`)
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text))
    throw new FormatError('string-characters', start, 'a control character')
  return text
}

const fields = [
  'samples',
  'symbolBits',
  'claimedMillibits',
  'alphaExponent',
  'window',
  'failuresBefore',
] as const satisfies readonly (keyof NoiseTests)[]

function readTests(outer: DerReader): NoiseTests {
  const reader = outer.context(0)
  const start = reader.offset
  const [samples, symbolBits, claimedMillibits, alphaExponent, window, failuresBefore] = fields.map(
    (field) => {
      const at = reader.offset
      const { least, most } = noiseTestBounds[field]
      const value = reader.smallInteger(most)
      if (value < least) throw new FormatError('value-not-allowed', at, `${field} under ${least}`)
      return value
    },
  ) as [number, number, number, number, number, number]
  reader.end()
  if (claimedMillibits > symbolBits * 1_000)
    throw new FormatError('value-not-allowed', start, 'more claimed than a sample can hold')
  return { samples, symbolBits, claimedMillibits, alphaExponent, window, failuresBefore }
}

function writeTests(writer: DerWriter, tests: NoiseTests): void {
  writer.constructed(contextConstructed(0), () => {
    for (const field of fields) writer.integer(tests[field])
  })
}
