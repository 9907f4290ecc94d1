// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts'

/** RSASSA-PSS-params of RFC 4055 section 3.1; what is left out stands for SHA-1, as the standard says. */
export interface RsaPssParameters {
  readonly hash: Oid
  /** The hash of the mask generation function MGF1, the only one there is. */
  readonly maskHash: Oid
  /** Octets. */
  readonly saltLength: number
}

const derNull = Uint8Array.of(0x05, 0x00)

/**
 * Parses the parameters; whether they are good ones is not checked.
 *
 * RFC 4055 section 2.1: the parameters of a hash may be NULL or absent; section 3.1: a trailer field of 1
 * may stand there although it is the default.
 *
 * @throws FormatError
 */
export function parseRsaPssParameters(der: Uint8Array): RsaPssParameters {
  return readDer(der, limits.small, (reader) => {
    const inner = reader.sequence()
    const hash = inner.hasContext(0) ? readHash(inner.context(0)) : algorithms.sha1
    const maskHash = inner.hasContext(1) ? readMask(inner.context(1)) : algorithms.sha1
    const saltLength = inner.hasContext(2) ? readNumber(inner.context(2)) : 20
    if (inner.hasContext(3)) {
      const start = inner.offset
      const trailer = readNumber(inner.context(3))
      if (trailer !== 1)
        throw new FormatError('value-not-allowed', start, `trailer field ${trailer}`)
    }
    inner.end()
    return { hash, maskHash, saltLength }
  })
}

/** As the standard's own constants are written: with NULL, and without a trailer field. */
export function encodeRsaPssParameters(parameters: RsaPssParameters): Uint8Array {
  const { hash, maskHash, saltLength } = parameters
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.context(0, () => writer.raw(encodeAlgorithmIdentifier(hash, derNull).der))
      writer.context(1, () => {
        const inner = encodeAlgorithmIdentifier(maskHash, derNull).der
        writer.raw(encodeAlgorithmIdentifier(algorithms.mgf1, inner).der)
      })
      writer.context(2, () => writer.integer(saltLength))
    })
  })
}

function readHash(reader: DerReader): Oid {
  const start = reader.offset
  const { oid, parameters } = readAlgorithmIdentifier(reader)
  reader.end()
  if (parameters !== undefined && parameters.toHex() !== '0500')
    throw new FormatError('value-not-allowed', start, 'parameters of a hash')
  return oid
}

function readMask(reader: DerReader): Oid {
  const start = reader.offset
  const mask = reader.sequence()
  const function_ = mask.oid()
  if (function_ !== algorithms.mgf1)
    throw new FormatError('value-not-allowed', start, `mask generation function ${function_}`)
  const hash = readHash(mask)
  reader.end()
  return hash
}

function readNumber(reader: DerReader): number {
  const value = reader.smallInteger(0x7fff)
  reader.end()
  return value
}
