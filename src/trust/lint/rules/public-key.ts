// SPDX-License-Identifier: Apache-2.0
/** The subject's public key: RFC 5280 section 4.1.2.7. */
import { sameBytes } from '#format/bytes.ts'
import { noWellDefinedEnd } from '#format/der/time.ts'
import type { SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { findKeyAlgorithm, findRsaAlgorithm, type KeyAlgorithm } from '#trust/algorithms.ts'
import { always, except, type Rule } from '../rule.ts'

export const publicKeyRules: readonly Rule[] = [
  {
    id: 'public-key-algorithm-known',
    source:
      'RFC 3279 section 2.3, RFC 4055 section 3.1, RFC 5480 section 2.1, RFC 8410 section 3, RFC 9881 section 4, RFC 9909 section 4, RFC 9935 section 4',
    severity: 'error',
    holds: "the key's algorithm is one of ours, with the parameters that its standard names",
    applies: always,
    check: ({ certificate: { publicKey } }) =>
      findKeyAlgorithm(publicKey.algorithm) === undefined
        ? `key algorithm ${publicKey.algorithm.oid} is not known with these parameters`
        : undefined,
  },
  {
    id: 'public-key-of-its-size',
    source:
      'RFC 5480 section 2.2, RFC 8410 section 4, RFC 9881 section 4, RFC 9909 section 4, RFC 9935 section 4; NIST SP 800-57 part 1 table 4',
    severity: 'error',
    holds: 'the key has the length of its algorithm; an RSA modulus has 2048 bits or more',
    applies: always,
    check: ({ certificate: { publicKey } }) => {
      const algorithm = findKeyAlgorithm(publicKey.algorithm)
      if (algorithm === undefined || hasItsSize(publicKey, algorithm)) return undefined
      return `key of ${publicKey.key.length} octets does not fit ${algorithm.name}`
    },
  },
  {
    id: 'public-key-uncompressed',
    source: 'RFC 5480 section 2.2: a compressed point MAY be supported, and often is not',
    severity: 'warning',
    holds: 'the point of an elliptic key is not compressed',
    applies: always,
    check: ({ certificate: { publicKey } }) => {
      const algorithm = findKeyAlgorithm(publicKey.algorithm)
      const compressed = algorithm?.canonical === 'affine-point' && publicKey.key[0] !== 4
      return compressed
        ? `point begins with ${publicKey.key[0]}, an uncompressed one with 4`
        : undefined
    },
  },
  {
    id: 'public-key-of-its-own',
    source: 'own: a key has one owner',
    severity: 'error',
    holds: "the key is not the issuer's",
    applies: always,
    check: ({ certificate, issuer }) =>
      issuer !== undefined && sameBytes(certificate.publicKey.der, issuer.certificate.publicKey.der)
        ? "the key is the issuer's own"
        : undefined,
  },
  {
    id: 'ends-before-algorithm-sunset',
    source: 'NIST SP 800-57 part 1 table 4; NIST IR 8547 (draft) table 2',
    severity: 'warning',
    holds:
      "it ends before its key's algorithm is to be given up (birth identities and their issuers have no end)",
    applies: except('birth'),
    check: ({ certificate: { publicKey, notAfter } }) => {
      const algorithm = exactAlgorithm(publicKey)
      const sunset = algorithm?.sunset
      if (sunset === undefined || notAfter.epochMilliseconds <= sunset.date.epochMilliseconds)
        return undefined
      if (notAfter.equals(noWellDefinedEnd)) return undefined
      return `notAfter ${notAfter} is after ${sunset.date}, the sunset of ${algorithm?.name} (${sunset.source})`
    },
  },
  {
    id: 'issuer-no-weaker-than-key',
    source:
      'NIST SP 800-57 part 1 section 5.6.4: a chain is as strong as its weakest link; own: the twin',
    severity: 'warning',
    holds:
      'a key that withstands quantum computers is certified by one that does too, and is no weaker',
    // A link leads from weaker roots to stronger ones.
    applies: except('link'),
    check: ({ certificate, issuer }) => {
      const own = exactAlgorithm(certificate.publicKey)
      const above = issuer && exactAlgorithm(issuer.certificate.publicKey)
      if (own === undefined || above === undefined || !own.postQuantum) return undefined
      if (above.postQuantum && above.strength >= own.strength) return undefined
      return `key of ${own.name} under an issuer of ${above.name}`
    },
  },
]

/** Octets of RSAPublicKey are counted as modulus, exponent of 3 octets and headers. */
const rsaOverhead = 14

function hasItsSize({ key }: SubjectPublicKeyInfo, algorithm: KeyAlgorithm): boolean {
  switch (algorithm.canonical) {
    case 'modulus':
      return key.length >= 2048 / 8 + rsaOverhead
    case 'affine-point':
      return key.length - 1 === (key[0] === 4 ? 1 : 0.5) * algorithm.materialOctets
    case 'edwards-point':
    case 'coefficients':
    case 'raw':
      return key.length === algorithm.materialOctets
  }
}

/** The row of the key, for RSA that of its size; undefined: there is none. */
function exactAlgorithm({ key, algorithm: identifier }: SubjectPublicKeyInfo) {
  const algorithm = findKeyAlgorithm(identifier)
  if (algorithm?.canonical !== 'modulus') return algorithm
  return findRsaAlgorithm((key.length - rsaOverhead) * 8, algorithm.identifier.oid)
}
