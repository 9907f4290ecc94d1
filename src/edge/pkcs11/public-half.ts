// SPDX-License-Identifier: Apache-2.0

import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { encodeSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { type KeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { type Refused, refuse } from '#trust/refusal.ts'
import { attribute, keyType } from './cryptoki.ts'
import { tokenAlgorithms } from './mechanisms.ts'
import type { TokenKey } from './questions.ts'

/** The public half of a key in a token, checked as any other; refused if the token tells too little or nonsense. */
export function publicHalf(key: TokenKey): PublicKey | Refused {
  const algorithm = algorithmOf(key)
  if (algorithm === undefined)
    return refuse('key-algorithm-unknown', `the token tells of key ${key.id} no algorithm of ours`)
  const material = materialOf(key)
  if (material === undefined)
    return refuse('key-malformed', `the token does not tell the public half of key ${key.id}`)
  return importPublicKey(encodeSubjectPublicKeyInfo(keyAlgorithms[algorithm].identifier, material))
}

/** To a token an RSA key is an RSA key: one that signs RSASSA-PSS says so in its label. */
export function labelFor(id: string, algorithm: KeyAlgorithmName): string {
  return algorithm.startsWith('rsa-pss-') ? `${id} ${algorithm}` : id
}

function algorithmOf(key: TokenKey): KeyAlgorithmName | undefined {
  switch (key.keyType) {
    case keyType.rsa: {
      const bits = withoutZeros(bytesOf(key.modulus) ?? new Uint8Array()).length * 8
      const family =
        key.label === labelFor(key.id, `rsa-pss-${bits}` as 'rsa-pss-3072') ? 'rsa-pss' : 'rsa'
      return known(`${family}-${bits}`)
    }
    case keyType.ec:
      return byParameter(keyType.ec, attribute.ecParams, key.ecParams)
    case keyType.ecEdwards:
      return edwardsOctets(key)?.length === 32 ? 'ed25519' : undefined
    case keyType.mlDsa: {
      const octets = bytesOf(key.value)?.length
      return (['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const).find(
        (name) => keyAlgorithms[name].materialOctets === octets,
      )
    }
    default:
      return undefined
  }
}

function byParameter(type: number, parameter: number, value: string | null) {
  for (const [name, row] of Object.entries(tokenAlgorithms)) {
    const isIt = row.parameters.some((one) => one.type === parameter && one.value === value)
    if (row.keyType === type && isIt) return known(name)
  }
  return undefined
}

function known(name: string): KeyAlgorithmName | undefined {
  return Object.keys(tokenAlgorithms).find((one): one is KeyAlgorithmName => one === name)
}

/** The content of the BIT STRING. */
function materialOf(key: TokenKey): Uint8Array | undefined {
  if (key.keyType === keyType.rsa) return rsaPublicKey(key)
  if (key.keyType === keyType.mlDsa) return bytesOf(key.value)
  if (key.keyType === keyType.ecEdwards) return edwardsOctets(key)
  const point = bytesOf(key.ecPoint)
  // PKCS #11 asks for an OCTET STRING around the point; some modules leave it out.
  return point && (inOctetString(point) ?? point)
}

function edwardsOctets(key: TokenKey): Uint8Array | undefined {
  const point = bytesOf(key.ecPoint)
  return point?.length === 32 ? point : point && inOctetString(point)
}

/** RFC 8017 appendix A.1.1. */
function rsaPublicKey({ modulus, publicExponent }: TokenKey): Uint8Array | undefined {
  const [n, e] = [bytesOf(modulus), bytesOf(publicExponent)]
  if (n === undefined || e === undefined) return undefined
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.integer(BigInt(`0x${n.toHex()}`))
      writer.integer(BigInt(`0x${e.toHex()}`))
    }),
  )
}

function inOctetString(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return readDer(bytes, limits.small, (reader) => reader.octets())
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((octet) => octet !== 0)
  return start === -1 ? new Uint8Array() : bytes.subarray(start)
}

function bytesOf(hex: string | null): Uint8Array | undefined {
  return hex === null || hex === '' ? undefined : Uint8Array.fromHex(hex)
}
