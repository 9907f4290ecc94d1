// SPDX-License-Identifier: Apache-2.0
import { createHmac, hash } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { limits } from '#format/der/budget.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { contentTypes } from '#format/oids.ts'

/** A store of keys under one password. */
export interface KeyStore {
  readonly form: 'PKCS #12' | 'JKS'
  /** What is the same in each copy of it, and in no other store. */
  readonly mark: Uint8Array
  /** Whether a password opens it, by its own check; undefined: it has none that is computed here. */
  readonly opensWith: ((password: string) => boolean) | undefined
}

/** RFC 7292 appendix B.2 with these, and how many octets their blocks have. */
const digests: ReadonlyMap<string, { readonly name: string; readonly block: number }> = new Map([
  ['1.3.14.3.2.26', { name: 'sha1', block: 64 }],
  ['2.16.840.1.101.3.4.2.1', { name: 'sha256', block: 64 }],
  ['2.16.840.1.101.3.4.2.2', { name: 'sha384', block: 128 }],
  ['2.16.840.1.101.3.4.2.3', { name: 'sha512', block: 128 }],
])
/** Fifty times what OpenSSL asks; a scan shall end. */
const mostIterations = 100_000

/** PFX of RFC 7292 section 4, in DER; undefined: these octets are none. */
export function readPkcs12(der: Uint8Array): KeyStore | undefined {
  try {
    return readDer(der, limits.signedData, (reader) => {
      const outer = reader.sequence()
      if (outer.smallInteger(3) !== 3) return undefined
      const content = outer.sequence()
      if (content.oid() !== contentTypes.data) return undefined
      const wrapped = content.context(0)
      const safes = wrapped.octets()
      // One with certificates alone is a list of roots.
      if (!keyBags.some((bag) => safes.toHex().includes(bag))) return undefined
      const opensWith = outer.hasMore ? readMac(outer, safes) : undefined
      outer.end()
      return { form: 'PKCS #12', mark: hashed('sha256', [safes]), opensWith }
    })
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/**
 * A PFX in BER, as programs write it that do not know how long it will be: its password is not tried.
 *
 * @param octets from its beginning on, and whatever follows it
 * @returns with how much of it was looked at
 */
export function readLoosePkcs12(
  octets: Uint8Array,
): { readonly store: KeyStore; readonly seen: number } | undefined {
  const text = octets.toHex()
  const bags = keyBags.map((bag) => text.indexOf(bag)).filter((at) => at !== -1)
  if (bags.length === 0) return undefined
  // With the salt of the key, which no other store has.
  const seen = Math.min(octets.length, (Math.min(...bags) >> 1) + 64)
  const mark = hashed('sha256', [octets.subarray(0, seen)])
  return { store: { form: 'PKCS #12', mark, opensWith: undefined }, seen }
}

/** keyBag and pkcs8ShroudedKeyBag of RFC 7292 appendix D, which stand in the clear in every store that was met. */
const keyBags = ['060b2a864886f70d010c0a0101', '060b2a864886f70d010c0a0102']

function readMac(reader: DerReader, safes: Uint8Array): KeyStore['opensWith'] {
  const mac = reader.sequence()
  const info = mac.sequence()
  const algorithm = info.sequence()
  const digest = digests.get(algorithm.oid())
  while (algorithm.hasMore) algorithm.skip()
  const due = info.octets()
  const salt = mac.octets()
  const iterations = mac.hasMore ? mac.smallInteger(0x7fff_ffff) : 1
  if (digest === undefined || iterations > mostIterations) return undefined
  return (password) => {
    const key = deriveKey(digest, bmpString(password), salt, iterations, due.length)
    return sameBytes(Uint8Array.from(createHmac(digest.name, key).update(safes).digest()), due)
  }
}

/** Two octets a character, and two of zero at the end: RFC 7292 appendix B.1. */
function bmpString(password: string): Uint8Array {
  const bytes = new Uint8Array(2 * password.length + 2)
  for (let at = 0; at < password.length; at++) {
    const unit = password.charCodeAt(at)
    bytes[2 * at] = unit >> 8
    bytes[2 * at + 1] = unit & 0xff
  }
  return bytes
}

/** RFC 7292 appendix B.2 with ID 3, for a MAC: its key has as many octets as the digest, so one round suffices. */
function deriveKey(
  { name, block }: { readonly name: string; readonly block: number },
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  octets: number,
): Uint8Array {
  const diversifier = new Uint8Array(block).fill(3)
  let digest = hashed(name, [diversifier, filled(salt, block), filled(password, block)])
  for (let round = 1; round < iterations; round++) digest = hashed(name, [digest])
  return digest.subarray(0, octets)
}

/** Repeated to whole blocks. */
function filled(bytes: Uint8Array, block: number): Uint8Array {
  if (bytes.length === 0) return bytes
  return Uint8Array.from(
    { length: block * Math.ceil(bytes.length / block) },
    (_, at) => bytes[at % bytes.length]!,
  )
}

function hashed(name: string, parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(hash(name, Buffer.concat(parts), 'buffer'))
}

/** FE ED FE ED of Java's own store, CE CE CE CE of the one of JCE. */
const javaMagics: ReadonlySet<number> = new Set([0xfeedfeed, 0xcececece])
const javaWords = new TextEncoder().encode('Mighty Aphrodite')

/**
 * A store as Java kept it until version 9: entries, and SHA-1 over the password, fixed words and all of it. Only one
 * with a private key is read: one with certificates alone is a list of roots.
 *
 * @param bytes the whole file
 * @see sun.security.provider.JavaKeyStore, engineLoad
 */
export function readJavaStore(bytes: Uint8Array): KeyStore | undefined {
  if (bytes.length < 40) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!javaMagics.has(view.getUint32(0)) || view.getUint32(4) > 2) return undefined
  // The first entry's tag: 1 is a private key, 2 a certificate, 3 a secret key.
  if (view.getUint32(8) === 0 || ![1, 3].includes(view.getUint32(12))) return undefined
  const body = bytes.subarray(0, -20)
  const due = bytes.subarray(-20)
  return {
    ...{ form: 'JKS', mark: Uint8Array.from(due) },
    opensWith: (password) =>
      sameBytes(hashed('sha1', [bmpString(password).subarray(0, -2), javaWords, body]), due),
  }
}
