// SPDX-License-Identifier: Apache-2.0
/** Serial number, signature algorithm, issuer and validity: RFC 5280 sections 4.1.2.2 to 4.1.2.5. */
import { sameBytes } from '#format/bytes.ts'
import { findSignatureAlgorithm } from '#trust/algorithms.ts'
import type { Linted } from '../linted.ts'
import { always, except, type Rule } from '../rule.ts'

export const validityRules: readonly Rule[] = [
  {
    id: 'serial-number-unguessable',
    source: 'RFC 5280 section 4.1.2.2; CA/Browser Forum baseline requirements 7.1: 64 random bits',
    severity: 'error',
    holds: 'the serial number has at least 9 octets, room for 64 random bits',
    applies: always,
    check: ({ certificate: { serialNumber } }) =>
      serialNumber.length >= 9
        ? undefined
        : `serial number has ${serialNumber.length} octets, 9 are needed`,
  },
  {
    id: 'signature-algorithm-known',
    source: 'RFC 5280 section 4.1.1.2; RFC 4055, 5758, 8410, 9881, 9909: parameters',
    severity: 'error',
    holds: 'the signature algorithm is one of ours, with the parameters that its standard names',
    applies: always,
    check: ({ certificate: { signatureAlgorithm } }) => {
      const known = findSignatureAlgorithm(signatureAlgorithm)
      if (known !== undefined && sameBytes(known.identifier.der, signatureAlgorithm.der))
        return undefined
      return `signature algorithm ${signatureAlgorithm.oid} is not known with these parameters`
    },
  },
  {
    id: 'signature-algorithm-fits-issuer',
    source: 'RFC 5280 section 4.1.1.2',
    severity: 'error',
    holds: "the signature algorithm belongs to the issuer's key",
    applies: always,
    check: ({ certificate, issuer }) => {
      const known = findSignatureAlgorithm(certificate.signatureAlgorithm)
      const key = (issuer?.certificate ?? certificate).publicKey.algorithm.oid
      if (known === undefined || known.keyOids.includes(key)) return undefined
      return `signature algorithm ${known.name} is of keys ${known.keyOids.join(', ')}, the issuer's key is ${key}`
    },
  },
  {
    id: 'issuer-named',
    source: 'RFC 5280 section 4.1.2.4',
    severity: 'error',
    holds: 'the issuer is not empty',
    applies: always,
    check: ({ certificate }) =>
      certificate.issuer.rdns.length > 0 ? undefined : 'issuer is empty',
  },
  {
    id: 'issuer-is-the-signer',
    source: 'RFC 5280 sections 4.1.2.4 and 6.1.3: byte for byte, so that every verifier agrees',
    severity: 'error',
    holds: "the issuer is the subject of the signer's certificate, to the byte",
    applies: always,
    check: ({ certificate, issuer }) => {
      const signer = (issuer?.certificate ?? certificate).subject
      return sameBytes(certificate.issuer.der, signer.der)
        ? undefined
        : `issuer ${certificate.issuer.der.toHex()} is not the signer's subject ${signer.der.toHex()}`
    },
  },
  {
    id: 'validity-in-order',
    source: 'RFC 5280 section 4.1.2.5',
    severity: 'error',
    holds: 'notBefore is not after notAfter',
    applies: always,
    check: ({ certificate: { notBefore, notAfter } }) =>
      isAfter(notBefore, notAfter)
        ? `notBefore ${notBefore} is after notAfter ${notAfter}`
        : undefined,
  },
  {
    id: 'ends-within-issuer',
    source: 'own: RFC 5280 section 6.1.3 fails it when the issuer has expired',
    severity: 'error',
    holds: 'it ends no later than its issuer',
    applies: always,
    check: ({ certificate, issuer }) =>
      issuer !== undefined && isAfter(certificate.notAfter, issuer.certificate.notAfter)
        ? `notAfter ${certificate.notAfter} is after the issuer's ${issuer.certificate.notAfter}`
        : undefined,
  },
  {
    id: 'begins-within-issuer',
    source:
      'own: verifiers of the shell model ask for it; RFC 9810 section 4.4.1 lets a link reach back',
    severity: 'warning',
    holds: 'it begins no earlier than its issuer',
    applies: except('link'),
    check: ({ certificate, issuer }) =>
      issuer !== undefined && isAfter(issuer.certificate.notBefore, certificate.notBefore)
        ? `notBefore ${certificate.notBefore} is before the issuer's ${issuer.certificate.notBefore}`
        : undefined,
  },
  {
    id: 'issuer-may-sign',
    source: 'RFC 5280 sections 4.2.1.3 and 4.2.1.9',
    severity: 'error',
    holds: 'the signer is an authority whose key may sign certificates',
    applies: always,
    check: (linted) => {
      const signer: Linted = linted.issuer ?? linted
      if (linted.issuer === undefined && linted.kind !== 'root')
        return `a ${linted.kind} certificate has no issuer`
      const may = signer.isAuthority && signer.value('keyUsage')?.includes('keyCertSign') !== false
      return may ? undefined : 'the signer is not an authority, or its key usage lacks keyCertSign'
    },
  },
]

function isAfter(left: Temporal.Instant, right: Temporal.Instant): boolean {
  return left.epochMilliseconds > right.epochMilliseconds
}
