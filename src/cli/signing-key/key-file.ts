// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { makeSystemRandomness } from '#edge/chance/system-randomness.ts'
import { signAsAsked } from '#edge/keystore/sign-as-asked.ts'
import { encodePrivateKey, type KeyPair, parsePrivateKey } from '#trust/private-key.ts'
import { refuseWeakKey } from '#trust/weak-keys/weak-keys.ts'
import { readFile } from '../files.ts'
import { wrongUse } from '../stop.ts'
import type { LocalKey } from './local-key.ts'

/** Whether a file in PEM holds a private key that a passphrase opens. */
export function isSealed(pem: string): boolean {
  return /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem)
}

/**
 * A private key from a file in PEM: PKCS #8, sealed or not, or the older forms of RSA and EC.
 *
 * @param what the argument that named it
 * @param passphrase asked for where the file is sealed
 * @throws Stop; nothing of the key is in its message
 */
export async function openKeyFile(
  path: string,
  what: string,
  passphrase: () => Promise<string>,
): Promise<LocalKey & { readonly isSealed: boolean }> {
  const bytes = readFile(path, what)
  const pem = new TextDecoder('latin1').decode(bytes)
  const sealed = isSealed(pem)
  const pair = await pairIn(importKey(path, what, pem, sealed ? await passphrase() : undefined))
  if (bytes.buffer instanceof ArrayBuffer) bytes.fill(0)
  const random = makeSystemRandomness()
  return {
    ...{ publicKey: pair.publicKey, where: path, isSealed: sealed },
    async sign(octets, algorithm, over) {
      try {
        return await signAsAsked(pair, octets, { algorithm, over }, random)
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        throw wrongUse(`${path}: ${error.message}`)
      }
    },
    close: async () => {},
  }
}

function importKey(path: string, what: string, pem: string, passphrase: string | undefined) {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) })
  } catch {
    // No cause: what a parser says of a key may quote it.
    const why =
      passphrase === undefined
        ? 'it holds no private key'
        : 'the passphrase is wrong, or the file is damaged'
    throw wrongUse(`${path} cannot be used: ${why}`, `${what} names a private key in PEM`)
  }
}

/** @throws Stop if the key is of no algorithm that signs here */
async function pairIn(privateKey: KeyObject): Promise<KeyPair> {
  const pkcs8 = encodePrivateKey(privateKey)
  try {
    const read = await parsePrivateKey(pkcs8)
    const no = read.kind === 'key' ? refuseWeakKey(read.pair.publicKey) : read
    if (read.kind === 'key' && no === undefined) return read.pair
    throw wrongUse(`the private key cannot be used: ${no?.detail ?? ''}`)
  } finally {
    pkcs8.fill(0)
  }
}
