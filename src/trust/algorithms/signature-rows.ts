// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeRsaPssParameters } from '#format/x509/rsa-pss-parameters.ts'
import type { SignatureRow } from './row.ts'

const derNull = Uint8Array.of(0x05, 0x00)

export const signatureRows = {
  'rsa-sha256': rsa(algorithms.sha256WithRsa, 'sha256', 128),
  'rsa-sha384': rsa(algorithms.sha384WithRsa, 'sha384', 192),
  'rsa-sha512': rsa(algorithms.sha512WithRsa, 'sha512', 256),
  'rsa-pss-sha256': rsaPss('sha256', 32, 128),
  'rsa-pss-sha384': rsaPss('sha384', 48, 192),
  'rsa-pss-sha512': rsaPss('sha512', 64, 256),
  'rsa-pss-sha256-longest-salt': rsaPssLongest('sha256', 128),
  'rsa-pss-sha384-longest-salt': rsaPssLongest('sha384', 192),
  'rsa-pss-sha512-longest-salt': rsaPssLongest('sha512', 256),
  'ecdsa-sha256': ecdsa(algorithms.ecdsaWithSha256, 'sha256', 128),
  'ecdsa-sha384': ecdsa(algorithms.ecdsaWithSha384, 'sha384', 192),
  'ecdsa-sha512': ecdsa(algorithms.ecdsaWithSha512, 'sha512', 256),
  // RFC 8410 section 3: pure, never prehashed.
  ed25519: itself(algorithms.ed25519, 128),
  ed448: itself(algorithms.ed448, 224),
  // RFC 9881 section 3: pure ML-DSA with an empty context; HashML-DSA MUST NOT be used.
  'ml-dsa-44': itself(algorithms.mlDsa44, 128),
  'ml-dsa-65': itself(algorithms.mlDsa65, 192),
  'ml-dsa-87': itself(algorithms.mlDsa87, 256),
  // RFC 9909 section 3: pure SLH-DSA with an empty context; the prehashed sets are other keys.
  'slh-dsa-sha2-128s': itself(algorithms.slhDsaSha2128s, 128),
  'slh-dsa-sha2-128f': itself(algorithms.slhDsaSha2128f, 128),
  'slh-dsa-sha2-192s': itself(algorithms.slhDsaSha2192s, 192),
  'slh-dsa-sha2-192f': itself(algorithms.slhDsaSha2192f, 192),
  'slh-dsa-sha2-256s': itself(algorithms.slhDsaSha2256s, 256),
  'slh-dsa-sha2-256f': itself(algorithms.slhDsaSha2256f, 256),
  'slh-dsa-shake-128s': itself(algorithms.slhDsaShake128s, 128),
  'slh-dsa-shake-128f': itself(algorithms.slhDsaShake128f, 128),
  'slh-dsa-shake-192s': itself(algorithms.slhDsaShake192s, 192),
  'slh-dsa-shake-192f': itself(algorithms.slhDsaShake192f, 192),
  'slh-dsa-shake-256s': itself(algorithms.slhDsaShake256s, 256),
  'slh-dsa-shake-256f': itself(algorithms.slhDsaShake256f, 256),
} as const satisfies Record<string, SignatureRow>

type Digest = NonNullable<SignatureRow['digest']>

function rsa(oid: Oid, digest: Digest, strength: number): SignatureRow {
  const identifier = encodeAlgorithmIdentifier(oid, derNull)
  return { identifier, keyOids: [algorithms.rsaEncryption], digest, saltOctets: null, strength }
}

/** RFC 4055 section 3: of one digest throughout; RFC 5756 lets a key of either OID make it. */
function rsaPss(digest: Digest, saltOctets: number, strength: number): SignatureRow {
  const hash = algorithms[digest]
  const parameters = encodeRsaPssParameters({ hash, maskHash: hash, saltLength: saltOctets })
  const identifier = encodeAlgorithmIdentifier(algorithms.rsassaPss, parameters)
  const keyOids = [algorithms.rsassaPss, algorithms.rsaEncryption]
  return { identifier, keyOids, digest, saltOctets, strength }
}

/**
 * With the salt that OpenSSL gives unless told, and that U-Boot alone demands. No identifier says it, since its length
 * is the key's: it stands in no certificate and no CMS, and an identifier without parameters is none of a signature.
 */
function rsaPssLongest(digest: Digest, strength: number): SignatureRow {
  const identifier = encodeAlgorithmIdentifier(algorithms.rsassaPss)
  const keyOids = [algorithms.rsassaPss, algorithms.rsaEncryption]
  return { identifier, keyOids, digest, saltOctets: 'longest', strength }
}

function ecdsa(oid: Oid, digest: Digest, strength: number): SignatureRow {
  const identifier = encodeAlgorithmIdentifier(oid)
  return { identifier, keyOids: [algorithms.ecPublicKey], digest, saltOctets: null, strength }
}

/** One identifier for keys and signatures, without parameters. */
function itself(oid: Oid, strength: number): SignatureRow {
  const identifier = encodeAlgorithmIdentifier(oid)
  return { identifier, keyOids: [oid], digest: null, saltOctets: null, strength }
}
