// SPDX-License-Identifier: Apache-2.0
/**
 * A private key at rest: three lines of text.
 *
 *     {"format":"vitalsign-key","version":1,"keyId":…,"algorithm":…,"memoryKiB":…,…}
 *     base64 of AES-256-GCM(PKCS #8) and its tag, with the first line as associated data
 *     SHA-256 of the two lines above, hexadecimal
 *
 * The digest tells damage from a wrong passphrase; against a hand that can also mend it stands the tag.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { Fault } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import { isKeyAlgorithmName, type KeyAlgorithmName } from '#trust/algorithms.ts'
import { sameSecret, sha256 } from '#trust/digest.ts'
import { type Cost, type Derivations, excessOf, expand } from './derivation.ts'

/** More than the largest PKCS #8 that is kept (RSA-4096, 2.4 kB), less than what would hurt. */
export const maxKeyFileBytes = 16_384

/** How a key file says what it is; its text, byte for byte, is authenticated. */
interface Header extends Cost {
  readonly format: 'vitalsign-key'
  readonly version: 1
  readonly keyId: string
  readonly algorithm: KeyAlgorithmName
  /** 16 bytes, shared by the files of one directory, so that one derivation opens all. */
  readonly salt: string
  /** 16 bytes that the right passphrase gives again. */
  readonly check: string
  /** 12 bytes. */
  readonly nonce: string
}

/** A key file that is whole; nothing is known yet of what it holds. */
export interface SealedKey {
  readonly header: Header
  readonly sealed: Uint8Array
  readonly firstLine: string
}

const utf8 = new TextEncoder()

/** Seals a PKCS #8 DER; the text goes into a file. */
export async function sealKey(
  key: { readonly keyId: string; readonly algorithm: KeyAlgorithmName; readonly pkcs8: Uint8Array },
  salt: Uint8Array,
  cost: Cost,
  derivations: Derivations,
  random: Randomness,
): Promise<string> {
  const master = await derivations.master(salt, cost)
  const header: Header = {
    format: 'vitalsign-key',
    version: 1,
    keyId: key.keyId,
    algorithm: key.algorithm,
    memoryKiB: cost.memoryKiB,
    passes: cost.passes,
    lanes: cost.lanes,
    salt: salt.toHex(),
    check: checkOf(master).toHex(),
    nonce: random.bytes(12).toHex(),
  }
  const firstLine = JSON.stringify(header)
  const cipher = createCipheriv('aes-256-gcm', fileKey(master, header), hex(header.nonce))
  cipher.setAAD(utf8.encode(firstLine))
  const sealed = Buffer.concat([cipher.update(key.pkcs8), cipher.final(), cipher.getAuthTag()])
  const body = `${firstLine}\n${sealed.toString('base64')}\n`
  return `${body}${sha256(utf8.encode(body)).toHex()}\n`
}

/**
 * Reads what stands in a key file, and its cost against the limits, before anything is spent on it.
 *
 * @throws Fault `key-damaged` if a byte of it was changed, or it is another key's file
 */
export function parseKeyFile(text: string, keyId: string): SealedKey {
  const [firstLine = '', secondLine = '', digest, end, ...more] = text.split('\n')
  const whole = sha256(utf8.encode(`${firstLine}\n${secondLine}\n`)).toHex() === digest
  if (!whole || end !== '' || more.length > 0) throw damaged(keyId, 'its digest does not match')
  const header = parseHeader(firstLine)
  if (header === undefined)
    throw damaged(keyId, 'its first line is not that of a key file, version 1')
  if (header.keyId !== keyId) throw damaged(keyId, `it holds key ${header.keyId}`)
  const excess = excessOf(header)
  if (excess !== undefined) throw damaged(keyId, `it ${excess}`)
  const sealed = Buffer.from(secondLine, 'base64')
  if (sealed.length < 17 || sealed.toString('base64') !== secondLine)
    throw damaged(keyId, 'its second line is not base64')
  return { header, sealed, firstLine }
}

/**
 * Opens a key file: PKCS #8 DER, which the caller wipes after use.
 *
 * @throws Fault `key-locked` if the passphrase is not the one, `key-damaged` if the contents were changed
 */
export async function openKey(file: SealedKey, derivations: Derivations): Promise<Uint8Array> {
  const { header, sealed, firstLine } = file
  const master = await derivations.master(hex(header.salt), header)
  if (!sameSecret(checkOf(master), hex(header.check)))
    throw new Fault('key-locked', `the passphrase does not unlock key ${header.keyId}`)
  const decipher = createDecipheriv('aes-256-gcm', fileKey(master, header), hex(header.nonce))
  decipher.setAAD(utf8.encode(firstLine))
  decipher.setAuthTag(sealed.subarray(-16))
  const opened = decipher.update(sealed.subarray(0, -16))
  try {
    decipher.final()
  } catch (cause) {
    opened.fill(0)
    throw damaged(header.keyId, 'its contents were changed', cause)
  }
  return opened
}

function parseHeader(line: string): Header | undefined {
  const value = parseJson(line)
  if (value === undefined) return undefined
  const { format, version, keyId, algorithm, memoryKiB, passes, lanes, salt, check, nonce } = value
  if (format !== 'vitalsign-key' || version !== 1) return undefined
  if (typeof keyId !== 'string' || typeof algorithm !== 'string') return undefined
  if (!isKeyAlgorithmName(algorithm)) return undefined
  if (!isWhole(memoryKiB) || !isWhole(passes) || !isWhole(lanes)) return undefined
  if (!isHex(salt, 16) || !isHex(check, 16) || !isHex(nonce, 12)) return undefined
  return { format, version, keyId, algorithm, memoryKiB, passes, lanes, salt, check, nonce }
}

function parseJson(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isHex(value: unknown, octets: number): value is string {
  return typeof value === 'string' && value.length === 2 * octets && /^[0-9a-f]*$/.test(value)
}

function checkOf(master: KeyObject): Uint8Array {
  return expand(master, 'check', 16)
}

function fileKey(master: KeyObject, { keyId, version }: Header): Uint8Array {
  return expand(master, `key ${version} ${keyId}`, 32)
}

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text)
}

/** A key file that cannot be believed. */
export function damaged(keyId: string, why: string, cause?: unknown): Fault {
  return new Fault('key-damaged', `the file of key ${keyId} is damaged: ${why}`, { cause })
}
