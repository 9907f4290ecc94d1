// SPDX-License-Identifier: Apache-2.0
import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto'

/** Families whose private keys are 32 octets without any form. */
export const rawFamilies = ['p-256', 'ed25519', 'x25519', 'secp256k1'] as const
export type RawFamily = (typeof rawFamilies)[number]

/** RFC 8410 section 7: what stands before the 32 octets of a key. */
const pkcs8Heads = {
  ed25519: Uint8Array.fromHex('302e020100300506032b657004220420'),
  x25519: Uint8Array.fromHex('302e020100300506032b656e04220420'),
}

/** The public key's own octets (of a point both coordinates) of 32 octets taken as a private key, if they can be one. */
export function publicOfRaw(family: RawFamily, octets: Uint8Array): Uint8Array | undefined {
  switch (family) {
    case 'p-256':
      return pointOf('prime256v1', octets)
    case 'secp256k1':
      return pointOf('secp256k1', octets)
    case 'ed25519':
    case 'x25519':
      return plainOf(family, octets)
  }
}

function pointOf(curve: string, scalar: Uint8Array): Uint8Array | undefined {
  const ecdh = createECDH(curve)
  try {
    ecdh.setPrivateKey(scalar)
  } catch (error) {
    // Zero, or not below the order of the curve.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_CRYPTO_INVALID_KEYTYPE')
      return undefined
    throw error
  }
  return Uint8Array.from(ecdh.getPublicKey().subarray(1))
}

function plainOf(family: 'ed25519' | 'x25519', seed: Uint8Array): Uint8Array {
  const head = pkcs8Heads[family]
  const der = new Uint8Array(head.length + 32)
  der.set(head)
  der.set(seed, head.length)
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  der.fill(0)
  return Uint8Array.from(key.export({ format: 'raw-public' }))
}
