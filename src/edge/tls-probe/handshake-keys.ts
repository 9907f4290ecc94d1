// SPDX-License-Identifier: Apache-2.0
/** The keys of a TLS 1.3 handshake, only as far as a client needs them to read the server's part of it. */
import {
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPublicKey,
  decapsulate,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { concatBytes } from '#format/bytes.ts'
import { groups } from '#format/tls/code-points.ts'
import type { ServerHello } from '#format/tls/server-flight.ts'

/** A share that was sent, and what makes a secret of the server's. */
export interface OwnShare {
  readonly group: number
  readonly key: Uint8Array
  /** @throws Error if the peer's is no point of the group */
  agree(theirs: Uint8Array): Uint8Array
}

/** One of each group that servers insist on. */
export function ownShares(): readonly OwnShare[] {
  return [
    withMlKem(),
    x25519(),
    onCurve(groups['P-256'], 'prime256v1'),
    onCurve(groups['P-384'], 'secp384r1'),
    onCurve(groups['P-521'], 'secp521r1'),
  ]
}

/** FIPS 203, table 3: octets of a ciphertext of ML-KEM-768. */
const ciphertextBytes = 1_088

/** RFC 10024: the part of ML-KEM first, in the share as in the secret. */
function withMlKem(): OwnShare {
  const other = x25519()
  const { privateKey, publicKey } = generateKeyPairSync('ml-kem-768')
  return {
    group: groups.X25519MLKEM768,
    key: concatBytes([new Uint8Array(publicKey.export({ format: 'raw-public' })), other.key]),
    agree: (theirs) => {
      const secret = decapsulate(privateKey, theirs.subarray(0, ciphertextBytes))
      return concatBytes([new Uint8Array(secret), other.agree(theirs.subarray(ciphertextBytes))])
    },
  }
}

/** RFC 8410 section 4: the head of a SubjectPublicKeyInfo of X25519. */
const x25519Head = Uint8Array.fromHex('302a300506032b656e032100')

function x25519(): OwnShare {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  const exported: KeyObject = publicKey
  const spki = exported.export({ format: 'der', type: 'spki' })
  return {
    group: groups.X25519,
    key: new Uint8Array(spki.subarray(x25519Head.length)),
    agree: (theirs) => {
      const key = Buffer.from(concatBytes([x25519Head, theirs]))
      const peer = createPublicKey({ key, format: 'der', type: 'spki' })
      return new Uint8Array(diffieHellman({ privateKey, publicKey: peer }))
    },
  }
}

function onCurve(group: number, curve: string): OwnShare {
  const pair = createECDH(curve)
  return {
    group,
    key: new Uint8Array(pair.generateKeys()),
    agree: (theirs) => new Uint8Array(pair.computeSecret(theirs)),
  }
}

/** RFC 8446 appendix B.4; the tag is whole but for the last. */
const ciphers: Readonly<
  Record<number, { readonly hash: string; readonly name: string; readonly keyBytes: number }>
> = {
  4865: { hash: 'sha256', name: 'aes-128-gcm', keyBytes: 16 },
  4866: { hash: 'sha384', name: 'aes-256-gcm', keyBytes: 32 },
  4867: { hash: 'sha256', name: 'chacha20-poly1305', keyBytes: 32 },
}

/** The suites whose records can be read here. */
export const readableSuites = Object.keys(ciphers).map(Number)

/** Opens one encrypted record after the other: gives its content, padding and all, or throws. */
export type Opener = (header: Uint8Array, sealed: Uint8Array) => Uint8Array

/**
 * What opens the server's records of the handshake. RFC 8446 sections 7.1 to 7.3.
 *
 * @returns undefined if its share or its suite is none of those that were offered
 * @throws Error if its share is no point
 */
export function openerFor(
  clientHello: Uint8Array,
  serverHello: Uint8Array,
  { suite, group, share }: ServerHello,
  shares: readonly OwnShare[],
): Opener | undefined {
  const cipher = ciphers[suite]
  const own = shares.find((one) => one.group === group)
  if (cipher === undefined || own === undefined || share === undefined) return undefined
  const { hash, name, keyBytes } = cipher
  const digest = (bytes: Uint8Array) => createHash(hash).update(bytes).digest()
  const zeros = new Uint8Array(digest(new Uint8Array(0)).length)
  const early = hmac(hash, zeros, zeros)
  const derived = expandLabel(hash, early, 'derived', digest(new Uint8Array(0)), zeros.length)
  const secret = hmac(hash, derived, own.agree(share))
  const transcript = digest(concatBytes([clientHello, serverHello]))
  const traffic = expandLabel(hash, secret, 's hs traffic', transcript, zeros.length)
  const key = expandLabel(hash, traffic, 'key', new Uint8Array(0), keyBytes)
  const iv = expandLabel(hash, traffic, 'iv', new Uint8Array(0), nonceBytes)
  let sequence = 0
  return (header, sealed) => {
    const nonce = Uint8Array.from(iv)
    // A flight has far fewer records than four octets can count.
    new DataView(nonce.buffer).setUint32(nonceBytes - 4, tail(iv) ^ sequence++)
    // Which of them it is was looked up above; node's types have an overload for each.
    const decipher = createDecipheriv(name as 'aes-256-gcm', key, nonce, {
      authTagLength: tagBytes,
    })
    decipher.setAAD(header)
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    return new Uint8Array(
      Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]),
    )
  }
}

const nonceBytes = 12
const tagBytes = 16

function tail(iv: Uint8Array): number {
  return new DataView(iv.buffer, iv.byteOffset).getUint32(nonceBytes - 4)
}

function hmac(hash: string, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac(hash, key).update(bytes).digest())
}

/** RFC 8446 section 7.1; never longer than two blocks here. */
function expandLabel(
  hash: string,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const name = new TextEncoder().encode(`tls13 ${label}`)
  const info = concatBytes([
    Uint8Array.of(length >> 8, length & 0xff, name.length),
    ...[name, Uint8Array.of(context.length), context],
  ])
  const first = hmac(hash, secret, concatBytes([info, Uint8Array.of(1)]))
  const second = hmac(hash, secret, concatBytes([first, info, Uint8Array.of(2)]))
  return concatBytes([first, second]).slice(0, length)
}
