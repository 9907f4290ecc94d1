// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { type Oid, oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import {
  type AlgorithmIdentifier,
  encodeAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { FormatError } from './format-error.ts'
import { algorithms } from './oids.ts'

/** RFC 8018 A.2: a key from a password. `keyBytes` is the length that the file itself states, if it does. */
export interface Pbkdf2 {
  readonly kind: 'pbkdf2'
  readonly salt: Uint8Array
  readonly iterations: number
  readonly keyBytes?: number
  /** One of hmacWithSHA256, -384, -512. */
  readonly prf: Oid
}

/** RFC 7914 7. */
export interface Scrypt {
  readonly kind: 'scrypt'
  readonly salt: Uint8Array
  /** N: a power of two. */
  readonly cost: number
  readonly blockSize: number
  readonly parallelization: number
  readonly keyBytes?: number
}

/** RFC 8018 A.4: how a private key was encrypted under a password. */
export interface Pbes2 {
  readonly derivation: Pbkdf2 | Scrypt
  /** One of AES-128, -192 and -256 in CBC. */
  readonly cipher: Oid
  readonly iv: Uint8Array
}

/**
 * What a foreign file may make us compute: ten times what OWASP asked of PBKDF2 in 2023; 1 GiB and 2^20 blocks
 * of scrypt are what its paper calls file encryption.
 */
export const derivationLimits = {
  iterations: 6_000_000,
  saltBytes: 1_024,
  scryptMemoryBytes: 1_073_741_824,
  scryptParallelization: 16,
} as const

const randomFunctions: readonly Oid[] = [
  algorithms.hmacWithSha256,
  algorithms.hmacWithSha384,
  algorithms.hmacWithSha512,
]
const ciphers: readonly Oid[] = [algorithms.aes128Cbc, algorithms.aes192Cbc, algorithms.aes256Cbc]
const ivBytes = 16
const greatestInteger = 0x7fff_ffff
const hmacWithSha1 = oid('1.2.840.113549.2.7')

/**
 * Reads the parameters of PBES2. PBES1, other ciphers and SHA-1 are refused.
 *
 * @throws FormatError; `too-many` for work beyond `derivationLimits`; offsets count from the start of the parameters
 */
export function parsePbes2({ oid: scheme, parameters }: AlgorithmIdentifier): Pbes2 {
  if (scheme !== algorithms.pbes2 || parameters === undefined)
    throw new FormatError('value-not-allowed', 0, `encryption ${scheme} instead of PBES2`)
  return readDer(parameters, limits.small, (reader) => {
    const inner = reader.sequence()
    const derivation = readDerivation(inner)
    const encryption = inner.sequence()
    const cipher = readOneOf(encryption, ciphers)
    const iv = readSized(encryption, ivBytes, ivBytes)
    encryption.end()
    inner.end()
    return { derivation, cipher, iv }
  })
}

function readDerivation(reader: DerReader): Pbkdf2 | Scrypt {
  const inner = reader.sequence()
  const kind = readOneOf(inner, [algorithms.pbkdf2, algorithms.scrypt])
  const parameters = inner.sequence()
  inner.end()
  const derivation = kind === algorithms.pbkdf2 ? readPbkdf2(parameters) : readScrypt(parameters)
  parameters.end()
  return derivation
}

function readPbkdf2(reader: DerReader): Pbkdf2 {
  const salt = readSized(reader, 0, derivationLimits.saltBytes)
  const iterations = readWork(reader, derivationLimits.iterations)
  const keyBytes = readKeyBytes(reader)
  // The default is HMAC with SHA-1, which is not read: so it has to be there.
  const start = reader.offset
  const algorithm = reader.sequence()
  const prf = algorithm.oid()
  if (prf === hmacWithSha1) throw new FormatError('default-encoded', start, 'HMAC with SHA-1')
  if (!randomFunctions.includes(prf)) throw new FormatError('value-not-allowed', start, prf)
  algorithm.null()
  algorithm.end()
  return { kind: 'pbkdf2', salt, iterations, ...keyBytes, prf }
}

function readScrypt(reader: DerReader): Scrypt {
  const salt = readSized(reader, 0, derivationLimits.saltBytes)
  const start = reader.offset
  const cost = readWork(reader, greatestInteger)
  const blockSize = readWork(reader, greatestInteger)
  const parallelization = readWork(reader, derivationLimits.scryptParallelization)
  if (cost < 2 || (cost & (cost - 1)) !== 0)
    throw new FormatError('value-not-allowed', start, `cost ${cost} is no power of two`)
  if (128 * cost * blockSize > derivationLimits.scryptMemoryBytes)
    throw new FormatError('too-many', start, `cost ${cost} and block size ${blockSize}`)
  return { kind: 'scrypt', salt, cost, blockSize, parallelization, ...readKeyBytes(reader) }
}

function readOneOf(reader: DerReader, allowed: readonly Oid[]): Oid {
  const start = reader.offset
  const found = reader.oid()
  if (!allowed.includes(found)) throw new FormatError('value-not-allowed', start, found)
  return found
}

function readSized(reader: DerReader, least: number, most: number): Uint8Array {
  const start = reader.offset
  const octets = reader.octets()
  if (octets.length < least || octets.length > most)
    throw new FormatError('value-not-allowed', start, `${octets.length} octets`)
  return octets
}

function readWork(reader: DerReader, most: number): number {
  const start = reader.offset
  const work = reader.smallInteger(greatestInteger)
  if (work === 0) throw new FormatError('value-not-allowed', start, 'no work')
  if (work > most) throw new FormatError('too-many', start, `work ${work}, at most ${most}`)
  return work
}

function readKeyBytes(reader: DerReader): { keyBytes?: number } {
  return reader.peek() === tag.integer ? { keyBytes: reader.smallInteger(64) } : {}
}

/** The AlgorithmIdentifier of PBES2 with these parameters. */
export function encodePbes2({ derivation, cipher, iv }: Pbes2): AlgorithmIdentifier {
  const parameters = encodeDer((writer) => {
    writer.sequence(() => {
      writer.sequence(() => {
        if (derivation.kind === 'pbkdf2') writePbkdf2(writer, derivation)
        else writeScrypt(writer, derivation)
      })
      writer.sequence(() => {
        writer.oid(cipher)
        writer.octets(iv)
      })
    })
  })
  return encodeAlgorithmIdentifier(algorithms.pbes2, parameters)
}

function writePbkdf2(writer: DerWriter, { salt, iterations, keyBytes, prf }: Pbkdf2): void {
  writer.oid(algorithms.pbkdf2)
  writer.sequence(() => {
    writer.octets(salt)
    writer.integer(iterations)
    if (keyBytes !== undefined) writer.integer(keyBytes)
    writer.sequence(() => {
      writer.oid(prf)
      writer.null()
    })
  })
}

function writeScrypt(writer: DerWriter, scrypt: Scrypt): void {
  writer.oid(algorithms.scrypt)
  writer.sequence(() => {
    writer.octets(scrypt.salt)
    writer.integer(scrypt.cost)
    writer.integer(scrypt.blockSize)
    writer.integer(scrypt.parallelization)
    if (scrypt.keyBytes !== undefined) writer.integer(scrypt.keyBytes)
  })
}
