// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import type { TpmReader } from '../reader.ts'

/** TPMA_OBJECT: the bit of each attribute, lowest first. Part 2 section 8.3. */
const attributeBits = {
  fixedTPM: 1,
  stClear: 2,
  fixedParent: 4,
  sensitiveDataOrigin: 5,
  userWithAuth: 6,
  adminWithPolicy: 7,
  firmwareLimited: 8,
  svnLimited: 9,
  noDA: 10,
  encryptedDuplication: 11,
  restricted: 16,
  decrypt: 17,
  sign: 18,
  x509sign: 19,
} as const

export type ObjectAttribute = keyof typeof attributeBits

const names = Object.keys(attributeBits) as ObjectAttribute[]
const known = names.reduce((all, name) => all | (1 << attributeBits[name]), 0) >>> 0

/** Reads the attributes that are set, lowest bit first; a reserved bit that is set is refused. */
export function readAttributes(reader: TpmReader): readonly ObjectAttribute[] {
  const at = reader.offset
  const bits = reader.uint32()
  const reserved = (bits & ~known) >>> 0
  if (reserved !== 0)
    throw new FormatError('value-not-allowed', at, `reserved attributes 0x${reserved.toString(16)}`)
  return names.filter((name) => (bits & (1 << attributeBits[name])) !== 0)
}

export function attributesWord(attributes: readonly ObjectAttribute[]): number {
  return attributes.reduce((all, name) => all | (1 << attributeBits[name]), 0) >>> 0
}
