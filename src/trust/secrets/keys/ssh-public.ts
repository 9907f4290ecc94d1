// SPDX-License-Identifier: Apache-2.0
import { createPublicKey } from 'node:crypto'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { isCryptoRefusal } from '#trust/crypto-refusal.ts'
import { type PublicHalf, publicHalfOf } from './public-half.ts'
import { SshReader } from './ssh-reader.ts'

const derNull = Uint8Array.of(0x05, 0x00)
/** RFC 5656 section 10.1: the curves by their names in SSH. */
const curves: ReadonlyMap<string, string> = new Map([
  ['nistp256', '06082a8648ce3d030107'],
  ['nistp384', '06052b81040022'],
  ['nistp521', '06052b81040023'],
])

/**
 * A public key as SSH writes it: RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4. Keys that live in a
 * security key or are certified are read as their plain key.
 *
 * @returns undefined where it is none of these
 * @throws FormatError `truncated`
 */
export function readSshPublicKey(blob: Uint8Array): PublicHalf | undefined {
  const reader = new SshReader(blob)
  const type = reader.text()
  const spki = spkiOf(type, reader)
  if (spki === undefined) return undefined
  try {
    return publicHalfOf(createPublicKey({ key: spki, format: 'der', type: 'spki' }))
  } catch (error) {
    if (isCryptoRefusal(error)) return undefined
    throw error
  }
}

function spkiOf(type: string, reader: SshReader): Buffer | undefined {
  const encode = (...parts: Parameters<typeof encodeSubjectPublicKeyInfo>) =>
    Buffer.from(encodeSubjectPublicKeyInfo(...parts).der)
  if (type === 'ssh-rsa') {
    const exponent = reader.string()
    const modulus = reader.string()
    if (exponent.length === 0 || modulus.length < 64) return undefined
    const key = encodeDer((writer) =>
      writer.sequence(() => {
        writer.integer(BigInt(`0x${modulus.toHex()}`))
        writer.integer(BigInt(`0x${exponent.toHex()}`))
      }),
    )
    return encode(encodeAlgorithmIdentifier(algorithms.rsaEncryption, derNull), key)
  }
  if (type === 'ssh-ed25519')
    return encode(encodeAlgorithmIdentifier(algorithms.ed25519), reader.string())
  const curve = /^ecdsa-sha2-(nistp\d+)$/.exec(type)?.[1]
  const parameters = curves.get(curve ?? '')
  if (parameters === undefined || reader.text() !== curve) return undefined
  const algorithm = encodeAlgorithmIdentifier(
    algorithms.ecPublicKey,
    Uint8Array.fromHex(parameters),
  )
  return encode(algorithm, reader.string())
}
