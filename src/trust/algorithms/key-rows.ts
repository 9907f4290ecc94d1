// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { KeyRow, KeyUse, SlhDsaName, Sunset } from './row.ts'

/** RFC 3279 section 2.2.1, RFC 4055 section 5: for RSA PKCS #1 v1.5 the parameters MUST be NULL. */
const derNull = Uint8Array.of(0x05, 0x00)

const sunset112: Sunset = {
  date: Temporal.Instant.from('2030-12-31T23:59:59Z'),
  verifyUntil: Temporal.Instant.from('2035-12-31T23:59:59Z'),
  source: 'NIST SP 800-57 part 1 rev 5, table 4; NIST IR 8547 ipd, table 2',
}
const sunsetClassical: Sunset = {
  date: Temporal.Instant.from('2035-12-31T23:59:59Z'),
  verifyUntil: Temporal.Instant.from('2035-12-31T23:59:59Z'),
  source: 'NIST IR 8547 ipd, table 2',
}

const everything: readonly KeyUse[] = [
  ...(['authority', 'device', 'firmware', 'log', 'request', 'server', 'tls'] as const),
]
// The CA/Browser Forum's code signing requirements forbid RSA-2048 for code since 2021-06.
const devicesAlone: readonly KeyUse[] = ['device', 'request', 'tls']
/** No handshake knows the signature (RFC 8446 and its registry have no scheme that OpenSSL speaks). */
const allButTls: readonly KeyUse[] = ['authority', 'device', 'firmware', 'log', 'request']
/** It deciphers, and signs nothing. */
const subjectAlone: readonly KeyUse[] = ['device']

/** RFC 5480 section 2.1.1: parameters are a named curve; the other makers' are absent but for RSA's. */
export const keyRows = {
  'rsa-2048': rsa(2048, 112, 'rsa-sha256'),
  'rsa-3072': rsa(3072, 128, 'rsa-sha256'),
  'rsa-4096': rsa(4096, 140, 'rsa-sha384'),
  'rsa-pss-2048': rsaPss(2048, 112, 'rsa-pss-sha256'),
  'rsa-pss-3072': rsaPss(3072, 128, 'rsa-pss-sha256'),
  'rsa-pss-4096': rsaPss(4096, 140, 'rsa-pss-sha384'),
  'p-256': curve('P-256', '06082a8648ce3d030107', 256, 128, 'ecdsa-sha256'),
  'p-384': curve('P-384', '06052b81040022', 384, 192, 'ecdsa-sha384'),
  'p-521': curve('P-521', '06052b81040023', 521, 256, 'ecdsa-sha512'),
  // SP 800-57 part 1 table 2; RFC 8032 sections 5.1 and 5.2.
  ed25519: edwards('ed25519', algorithms.ed25519, 256, 128),
  ed448: edwards('ed448', algorithms.ed448, 456, 224),
  // FIPS 204 tables 1 and 2.
  'ml-dsa-44': mlDsa('ml-dsa-44', algorithms.mlDsa44, 1312, 128),
  'ml-dsa-65': mlDsa('ml-dsa-65', algorithms.mlDsa65, 1952, 192),
  'ml-dsa-87': mlDsa('ml-dsa-87', algorithms.mlDsa87, 2592, 256),
  // FIPS 205 table 2: PK.seed and PK.root, n octets each.
  'slh-dsa-sha2-128s': slhDsa('slh-dsa-sha2-128s', algorithms.slhDsaSha2128s, 32, 128),
  'slh-dsa-sha2-128f': slhDsa('slh-dsa-sha2-128f', algorithms.slhDsaSha2128f, 32, 128),
  'slh-dsa-sha2-192s': slhDsa('slh-dsa-sha2-192s', algorithms.slhDsaSha2192s, 48, 192),
  'slh-dsa-sha2-192f': slhDsa('slh-dsa-sha2-192f', algorithms.slhDsaSha2192f, 48, 192),
  'slh-dsa-sha2-256s': slhDsa('slh-dsa-sha2-256s', algorithms.slhDsaSha2256s, 64, 256),
  'slh-dsa-sha2-256f': slhDsa('slh-dsa-sha2-256f', algorithms.slhDsaSha2256f, 64, 256),
  'slh-dsa-shake-128s': slhDsa('slh-dsa-shake-128s', algorithms.slhDsaShake128s, 32, 128),
  'slh-dsa-shake-128f': slhDsa('slh-dsa-shake-128f', algorithms.slhDsaShake128f, 32, 128),
  'slh-dsa-shake-192s': slhDsa('slh-dsa-shake-192s', algorithms.slhDsaShake192s, 48, 192),
  'slh-dsa-shake-192f': slhDsa('slh-dsa-shake-192f', algorithms.slhDsaShake192f, 48, 192),
  'slh-dsa-shake-256s': slhDsa('slh-dsa-shake-256s', algorithms.slhDsaShake256s, 64, 256),
  'slh-dsa-shake-256f': slhDsa('slh-dsa-shake-256f', algorithms.slhDsaShake256f, 64, 256),
  // FIPS 203 tables 2 and 3.
  'ml-kem-512': mlKem('ml-kem-512', algorithms.mlKem512, 800, 128),
  'ml-kem-768': mlKem('ml-kem-768', algorithms.mlKem768, 1184, 192),
  'ml-kem-1024': mlKem('ml-kem-1024', algorithms.mlKem1024, 1568, 256),
} as const satisfies Record<string, KeyRow>

type SignsWith = KeyRow['signsWith']

function rsa(bits: number, strength: number, signsWith: SignsWith): KeyRow {
  return {
    identifier: encodeAlgorithmIdentifier(algorithms.rsaEncryption, derNull),
    ...modulus(bits, strength),
    signsWith,
    make: { type: 'rsa' },
  }
}

/** RFC 4055 section 3.1: absent parameters leave the digest to each signature. */
function rsaPss(bits: number, strength: number, signsWith: SignsWith): KeyRow {
  return {
    identifier: encodeAlgorithmIdentifier(algorithms.rsassaPss),
    ...modulus(bits, strength),
    signsWith,
    make: { type: 'rsa-pss' },
  }
}

function modulus(bits: number, strength: number) {
  return {
    bits,
    materialOctets: bits / 8,
    canonical: 'modulus',
    privateForm: 'own',
    strength,
    postQuantum: false,
    sunset: strength < 128 ? sunset112 : sunsetClassical,
    uses: strength < 128 ? devicesAlone : everything,
  } as const
}

function curve(
  namedCurve: string,
  parameters: string,
  bits: number,
  strength: number,
  signsWith: SignsWith,
): KeyRow {
  return {
    identifier: encodeAlgorithmIdentifier(algorithms.ecPublicKey, Uint8Array.fromHex(parameters)),
    bits,
    materialOctets: 2 * Math.ceil(bits / 8),
    canonical: 'affine-point',
    privateForm: 'own',
    strength,
    postQuantum: false,
    sunset: sunsetClassical,
    uses: everything,
    signsWith,
    make: { type: 'ec', namedCurve },
  }
}

function edwards(type: 'ed25519' | 'ed448', oid: Oid, bits: number, strength: number): KeyRow {
  return {
    identifier: encodeAlgorithmIdentifier(oid),
    bits,
    materialOctets: bits / 8,
    canonical: 'edwards-point',
    privateForm: 'own',
    strength,
    postQuantum: false,
    sunset: sunsetClassical,
    uses: everything,
    signsWith: type,
    make: { type },
  }
}

function mlDsa(type: `ml-dsa-${44 | 65 | 87}`, oid: Oid, octets: number, strength: number): KeyRow {
  return {
    ...withstanding(oid, octets, strength),
    canonical: 'raw',
    privateForm: 'ml-dsa',
    uses: everything,
    signsWith: type,
    make: { type },
  }
}

function slhDsa(type: SlhDsaName, oid: Oid, octets: number, strength: number): KeyRow {
  return {
    ...withstanding(oid, octets, strength),
    canonical: 'raw',
    privateForm: 'own',
    uses: allButTls,
    signsWith: type,
    make: { type },
  }
}

function mlKem(
  type: `ml-kem-${512 | 768 | 1024}`,
  oid: Oid,
  octets: number,
  strength: number,
): KeyRow {
  return {
    ...withstanding(oid, octets, strength),
    canonical: 'coefficients',
    privateForm: 'ml-kem',
    uses: subjectAlone,
    signsWith: null,
    make: { type },
  }
}

function withstanding(oid: Oid, octets: number, strength: number) {
  return {
    identifier: encodeAlgorithmIdentifier(oid),
    bits: octets * 8,
    materialOctets: octets,
    strength,
    postQuantum: true,
    sunset: undefined,
  } as const
}
