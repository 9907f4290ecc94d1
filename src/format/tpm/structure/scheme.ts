// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { algorithmIds, readAlgorithm, readHash, type TpmHash } from '../algorithms.ts'
import type { TpmReader } from '../reader.ts'
import type { TpmWriter } from '../writer.ts'

/** TPMT_SYM_DEF_OBJECT: the cipher by which a storage key protects what it holds. AES in CFB mode alone. */
export interface Symmetric {
  readonly cipher: 'aes'
  readonly bits: 128 | 192 | 256
}

/** Reads TPMT_SYM_DEF_OBJECT; undefined for TPM_ALG_NULL. Part 2 section 11.1.7. */
export function readSymmetric(reader: TpmReader): Symmetric | undefined {
  if (readAlgorithm(reader, ['aes', 'null'], 'cipher') === 'null') return undefined
  const at = reader.offset
  const bits = reader.uint16()
  readAlgorithm(reader, ['cfb'], 'cipher mode')
  if (bits === 128 || bits === 192 || bits === 256) return { cipher: 'aes', bits }
  throw new FormatError('value-not-allowed', at, `AES with ${bits} bits`)
}

export function writeSymmetric(writer: TpmWriter, symmetric: Symmetric | undefined): void {
  writer.uint16(algorithmIds[symmetric?.cipher ?? 'null'])
  if (symmetric === undefined) return
  writer.uint16(symmetric.bits)
  writer.uint16(algorithmIds.cfb)
}

/** TPMT_RSA_SCHEME, TPMT_ECC_SCHEME or TPMT_KDF_SCHEME with what it needs. Part 2 section 11.2. */
export type Scheme<Name extends string> =
  | { readonly name: Name; readonly hash: TpmHash }
  | { readonly name: 'rsaes' }

const rsaSchemes = ['rsassa', 'rsapss', 'oaep', 'rsaes', 'null'] as const
const eccSchemes = ['ecdsa', 'ecdh', 'null'] as const
const keyDerivations = ['kdf1-sp800-56a', 'kdf1-sp800-108', 'kdf2', 'mgf1', 'null'] as const

export type RsaScheme = Scheme<'rsassa' | 'rsapss' | 'oaep'>
export type EccScheme = { readonly name: 'ecdsa' | 'ecdh'; readonly hash: TpmHash }
export type KeyDerivation = {
  readonly name: Exclude<(typeof keyDerivations)[number], 'null'>
  readonly hash: TpmHash
}

/** Undefined for TPM_ALG_NULL: the key leaves it to each use. */
export function readRsaScheme(reader: TpmReader): RsaScheme | undefined {
  const name = readAlgorithm(reader, rsaSchemes, 'scheme')
  if (name === 'null') return undefined
  return name === 'rsaes' ? { name } : { name, hash: readHash(reader) }
}

export function readEccScheme(reader: TpmReader): EccScheme | undefined {
  const name = readAlgorithm(reader, eccSchemes, 'scheme')
  return name === 'null' ? undefined : { name, hash: readHash(reader) }
}

export function readKeyDerivation(reader: TpmReader): KeyDerivation | undefined {
  const name = readAlgorithm(reader, keyDerivations, 'key derivation')
  return name === 'null' ? undefined : { name, hash: readHash(reader) }
}

export function writeScheme(
  writer: TpmWriter,
  scheme: RsaScheme | EccScheme | KeyDerivation | undefined,
): void {
  writer.uint16(algorithmIds[scheme?.name ?? 'null'])
  if (scheme !== undefined && 'hash' in scheme) writer.uint16(algorithmIds[scheme.hash])
}
