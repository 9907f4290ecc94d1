// SPDX-License-Identifier: Apache-2.0
import { createHmac, hash } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import type { PublicHalf } from './public-half.ts'
import { readSshPublicKey } from './ssh-public.ts'
import { SshReader } from './ssh-reader.ts'

/** A private key as the programs of SSH keep it; its public half is in the clear in both. */
export interface SshKey {
  readonly form: 'OpenSSH' | 'PuTTY'
  readonly isSealed: boolean
  /** Undefined: of an algorithm that is not known here, such as DSA or one of a security key. */
  readonly half: PublicHalf | undefined
  /** A view. */
  readonly publicBlob: Uint8Array
}

const magic = new TextEncoder().encode('openssh-key-v1\0')

/**
 * What `ssh-keygen` writes: PROTOCOL.key of OpenSSH. Of one in the clear both check numbers agree, and the public key
 * inside is the one outside.
 */
export function readOpenSshKey(bytes: Uint8Array): SshKey | undefined {
  if (!sameBytes(bytes.subarray(0, magic.length), magic)) return undefined
  try {
    const reader = new SshReader(bytes, magic.length)
    const cipher = reader.text()
    const derivation = reader.text()
    reader.string()
    const count = reader.number()
    if (count !== 1 || !/^[a-z0-9@.-]+$/.test(cipher + derivation)) return undefined
    const publicBlob = reader.string()
    const secret = reader.string()
    const isSealed = cipher !== 'none'
    if (!isSealed && !opensWith(secret, publicBlob)) return undefined
    return { form: 'OpenSSH', isSealed, half: readSshPublicKey(publicBlob), publicBlob }
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

function opensWith(secret: Uint8Array, publicBlob: Uint8Array): boolean {
  const reader = new SshReader(secret)
  const [first, second] = [reader.number(), reader.number()]
  if (first !== second) return false
  return reader.text() === new SshReader(publicBlob).text()
}

const puttyStart = /^PuTTY-User-Key-File-([23]): ([a-z0-9@.-]+)\r?\n/
const puttyField = (name: string) => new RegExp(`^${name}: *(.*?)\\r?$`, 'm')

/**
 * What `puttygen` writes, versions 2 and 3. Of one in the clear the MAC is checked, which has no secret key then.
 *
 * @param text latin-1, from `PuTTY-User-Key-File-` on
 * @see PuTTY manual, appendix C
 */
export function readPuttyKey(text: string): SshKey | undefined {
  const [, version, algorithm = ''] = puttyStart.exec(text) ?? []
  if (version === undefined) return undefined
  const field = (name: string) => puttyField(name).exec(text)?.[1]
  const publicBlob = linesAfter(text, 'Public-Lines')
  const secret = linesAfter(text, 'Private-Lines')
  const mac = field('Private-MAC')
  const encryption = field('Encryption')
  if (!publicBlob || !secret || mac === undefined || encryption === undefined) return undefined
  const isSealed = encryption !== 'none'
  const parts = [algorithm, encryption, field('Comment') ?? '', publicBlob, secret]
  if (!isSealed && macOf(version, parts) !== mac.toLowerCase()) return undefined
  try {
    return { form: 'PuTTY', isSealed, half: readSshPublicKey(publicBlob), publicBlob }
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** So many lines of base64; at most 200, as a key of 16,384 bits has. */
function linesAfter(text: string, name: string): Uint8Array | undefined {
  const found = new RegExp(`^${name}: (\\d{1,3})\\r?\\n`, 'm').exec(text)
  if (found === null) return undefined
  const lines = text
    .slice(found.index + found[0].length)
    .split(/\r?\n/, 200)
    .slice(0, Number(found[1]))
  try {
    return Uint8Array.fromBase64(lines.join(''))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Version 2: HMAC-SHA-1 under a digest of fixed words; version 3: HMAC-SHA-256 under nothing. */
function macOf(version: string, parts: readonly (string | Uint8Array)[]): string {
  const mac =
    version === '2'
      ? createHmac('sha1', hash('sha1', 'putty-private-key-file-mac-key', 'buffer'))
      : createHmac('sha256', '')
  for (const part of parts) {
    const bytes = Buffer.from(part as string, 'latin1')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    mac.update(length).update(bytes)
  }
  return mac.digest('hex')
}
