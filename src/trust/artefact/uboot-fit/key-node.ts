// SPDX-License-Identifier: Apache-2.0
/** Keys as U-Boot finds them: nodes below /signature of its control devicetree. */
import type { FdtValue, NewFdtNode } from '#format/firmware/boot/fdt-write.ts'
import type { SignatureAlgorithmName } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { montgomeryOf } from '../montgomery.ts'
import { fitKindOf } from './kinds.ts'

/** A key that U-Boot is to demand. */
export interface FitKey {
  readonly publicKey: PublicKey
  readonly algorithm: SignatureAlgorithmName
  /** By which signatures hint at it; absent: `fitHint`. */
  readonly name?: string
}

/** The name of a key that was given none: the beginning of its fingerprint. */
export function fitHint({ fingerprint }: PublicKey): string {
  return fingerprint.toHex().slice(0, 16)
}

/**
 * The node of a key that configurations have to be signed by.
 *
 * @throws TypeError if U-Boot checks no such key
 * @see U-Boot lib/rsa/rsa-sign.c, rsa_add_verify_data; lib/ecdsa/ecdsa-libcrypto.c, do_add
 */
export function fitKeyNode({ publicKey, algorithm, name }: FitKey): NewFdtNode {
  const kind = fitKindOf(publicKey.algorithm, algorithm)
  if (kind === undefined)
    throw new TypeError(`U-Boot checks no ${algorithm} by a key of ${publicKey.algorithm}`)
  const hint = name ?? fitHint(publicKey)
  const isRsa = kind.words.includes('rsa')
  return {
    name: `key-${hint}`,
    properties: [
      ['required', 'conf'],
      ['algo', kind.words],
      ['key-name-hint', hint],
      ...(isRsa ? rsaProperties(publicKey) : curveProperties(publicKey)),
    ],
  }
}

type Properties = readonly (readonly [string, FdtValue])[]

function rsaProperties(key: PublicKey): Properties {
  const { exponent, squaredResidue, negativeInverse } = montgomeryOf(key)
  const wide = 2n ** 32n
  return [
    ['rsa,num-bits', [key.bits]],
    ['rsa,n0-inverse', [negativeInverse]],
    ['rsa,exponent', [Number(exponent / wide), Number(exponent % wide)]],
    ['rsa,modulus', key.material],
    ['rsa,r-squared', squaredResidue],
  ]
}

function curveProperties({ material, algorithm }: PublicKey): Properties {
  const half = material.length / 2
  return [
    ['ecdsa,curve', algorithm === 'p-256' ? 'prime256v1' : 'secp384r1'],
    ['ecdsa,x-point', material.subarray(0, half)],
    ['ecdsa,y-point', material.subarray(half)],
  ]
}
