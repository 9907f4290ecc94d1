// SPDX-License-Identifier: Apache-2.0
/** Key usage and its extension: RFC 5280 sections 4.2.1.3 and 4.2.1.12. */
import type { Oid } from '#format/der/oid.ts'
import { algorithms, keyPurposes } from '#format/oids.ts'
import { findKeyAlgorithm, type KeyAlgorithm } from '#trust/algorithms.ts'
import type { CertificateKind } from '../kinds.ts'
import type { Linted } from '../linted.ts'
import { always, authorities, except, leaves, only, type Rule } from '../rule.ts'

/** What a verifier looks for, by kind. */
const neededPurposes: ReadonlyMap<CertificateKind, Oid> = new Map([
  ['server', keyPurposes.serverAuth],
  ['client', keyPurposes.clientAuth],
  ['ocsp', keyPurposes.ocspSigning],
  ['attestation', keyPurposes.tcgAttestationKey],
])

export const usageRules: readonly Rule[] = [
  {
    id: 'key-usage-present',
    source: 'RFC 5280 section 4.2.1.3 for authorities; own for leaves: a key serves one purpose',
    severity: 'error',
    holds: 'key usage is there',
    applies: always,
    check: (linted) => (linted.has('keyUsage') ? undefined : 'keyUsage is missing'),
  },
  {
    id: 'key-usage-critical',
    source: 'RFC 5280 section 4.2.1.3',
    severity: 'error',
    holds: 'key usage is critical',
    applies: always,
    check: (linted) =>
      !linted.has('keyUsage') || linted.critical('keyUsage')
        ? undefined
        : 'keyUsage is not critical',
  },
  {
    id: 'authority-signs-certificates',
    source: 'RFC 5280 sections 4.2.1.3 and 4.2.1.9',
    severity: 'error',
    holds: 'the key usage of an authority has keyCertSign',
    applies: authorities,
    check: (linted) =>
      linted.value('keyUsage')?.includes('keyCertSign') ? undefined : 'keyUsage lacks keyCertSign',
  },
  {
    id: 'leaf-signs-no-certificates',
    source: 'RFC 5280 sections 4.2.1.3 and 4.2.1.9',
    severity: 'error',
    holds: 'the key usage of a leaf has neither keyCertSign nor cRLSign',
    applies: leaves,
    check: (linted) => {
      const wrong = linted
        .value('keyUsage')
        ?.find((use) => use === 'keyCertSign' || use === 'cRLSign')
      return wrong && `keyUsage has ${wrong}`
    },
  },
  {
    id: 'leaf-signs',
    source: 'IEEE 802.1AR-2018; RFC 8446 section 4.4.2.2; RFC 6960 section 4.2.2.2',
    severity: 'error',
    holds: 'the key usage of a leaf has digitalSignature, unless its key signs nothing',
    applies: leaves,
    check: (linted) =>
      linted.value('keyUsage')?.includes('digitalSignature') !== false || signsNothing(linted)
        ? undefined
        : 'keyUsage lacks digitalSignature',
  },
  {
    id: 'key-usage-fits-algorithm',
    source:
      'RFC 4055 section 1.2, RFC 5480 section 3, RFC 8410 section 5, RFC 9881 section 5, RFC 9909 section 5',
    severity: 'error',
    holds: 'only keys of rsaEncryption and ML-KEM encipher, and no key agrees on keys and signs',
    applies: always,
    check: (linted) => {
      const algorithm = algorithmOf(linted)
      if (algorithm === undefined) return undefined
      const cannot = enciphers(algorithm) ? agreements : [...agreements, ...encipherments]
      const wrong = linted.value('keyUsage')?.find((use) => cannot.some((one) => one === use))
      return wrong && `keyUsage has ${wrong}, which a key of ${algorithm.name} must not`
    },
  },
  {
    id: 'key-usage-of-encapsulation',
    source: 'RFC 9935 section 5',
    severity: 'error',
    holds: 'the key usage of an ML-KEM key is keyEncipherment and nothing else',
    applies: always,
    check: (linted) => {
      const usage = linted.value('keyUsage')
      if (!signsNothing(linted) || usage === undefined) return undefined
      if (usage.length === 1 && usage[0] === 'keyEncipherment') return undefined
      return `keyUsage is ${usage.join(', ')}, must be keyEncipherment alone`
    },
  },
  {
    id: 'tls-purpose-fits-algorithm',
    source: 'RFC 8446 section 4.2.3: no handshake has a scheme for such a signature',
    severity: 'error',
    holds: 'what proves itself in TLS (client, server, or by its purposes) has a key that can',
    applies: always,
    check: (linted) => {
      const algorithm = algorithmOf(linted)
      if (algorithm === undefined || algorithm.uses.includes('tls')) return undefined
      const purpose = linted.value('extKeyUsage')?.find((one) => tlsPurposes.includes(one))
      const isTls = linted.kind === 'server' || linted.kind === 'client' || purpose !== undefined
      return isTls ? `a key of ${algorithm.name} proves itself in no tls handshake` : undefined
    },
  },
  {
    id: 'extended-key-usage-absent-at-birth',
    source: 'RFC 8995 section 2.3: the certificate outlives its uses',
    severity: 'error',
    holds: 'a birth certificate has no extended key usage',
    applies: only('birth'),
    check: (linted) => (linted.has('extKeyUsage') ? 'extKeyUsage is there' : undefined),
  },
  {
    id: 'extended-key-usage-fits-kind',
    source: 'RFC 5280 section 4.2.1.12, RFC 6960 section 4.2.2.2, TCG EK Credential Profile (AIK)',
    severity: 'error',
    holds:
      'server, client, OCSP and attestation certificates carry the purpose that verifiers look for',
    applies: only('server', 'client', 'ocsp', 'attestation'),
    check: (linted) => {
      const needed = neededPurposes.get(linted.kind)
      if (needed === undefined || linted.value('extKeyUsage')?.includes(needed)) return undefined
      return `extKeyUsage lacks ${needed}`
    },
  },
  {
    id: 'ocsp-signing-of-responders-alone',
    source: 'RFC 6960 section 4.2.2.2: whoever has it vouches for every certificate of the issuer',
    severity: 'error',
    holds: 'only an OCSP certificate has the purpose OCSPSigning',
    applies: except('ocsp'),
    check: (linted) =>
      linted.value('extKeyUsage')?.includes(keyPurposes.ocspSigning)
        ? `extKeyUsage has OCSPSigning in a ${linted.kind} certificate`
        : undefined,
  },
  {
    id: 'attestation-key-does-nothing-else',
    source: 'TCG TPM 2.0 Keys for Device Identity and Attestation, section 5: a restricted key',
    severity: 'error',
    holds: 'an attestation certificate has the one purpose AIKCertificate, and no other has it',
    applies: always,
    check: (linted) => {
      const purposes = linted.value('extKeyUsage') ?? []
      const attests = purposes.includes(keyPurposes.tcgAttestationKey)
      if (linted.kind !== 'attestation')
        return attests
          ? `extKeyUsage has AIKCertificate in a ${linted.kind} certificate`
          : undefined
      return purposes.length > 1 ? `extKeyUsage has ${purposes.length} purposes` : undefined
    },
  },
  {
    id: 'no-any-purpose',
    source: 'RFC 5280 section 4.2.1.12; own: a purpose that allows all forbids nothing',
    severity: 'error',
    holds: 'extended key usage does not have anyExtendedKeyUsage',
    applies: always,
    check: (linted) =>
      linted.value('extKeyUsage')?.includes(keyPurposes.anyExtendedKeyUsage)
        ? 'extKeyUsage has anyExtendedKeyUsage'
        : undefined,
  },
  {
    id: 'purposes-within-issuer',
    source: 'own: OpenSSL, Windows and others take the purposes of an issuer as a limit',
    severity: 'error',
    holds: "its purposes are among its issuer's, where that has any",
    applies: always,
    check: (linted) => {
      const allowed = linted.issuer?.value('extKeyUsage')
      if (allowed === undefined) return undefined
      const purposes = linted.value('extKeyUsage')
      if (purposes === undefined) return 'it has every purpose, its issuer only some'
      const beyond = purposes.find((purpose) => !allowed.includes(purpose))
      return beyond && `purpose ${beyond} is not among its issuer's`
    },
  },
]

const tlsPurposes: readonly Oid[] = [keyPurposes.serverAuth, keyPurposes.clientAuth]

function algorithmOf({ certificate }: Linted): KeyAlgorithm | undefined {
  return findKeyAlgorithm(certificate.publicKey.algorithm)
}

function signsNothing(linted: Linted): boolean {
  return algorithmOf(linted)?.signsWith === null
}

function enciphers({ identifier, signsWith }: KeyAlgorithm): boolean {
  return identifier.oid === algorithms.rsaEncryption || signsWith === null
}

const encipherments = ['keyEncipherment', 'dataEncipherment'] as const
const agreements = ['keyAgreement', 'encipherOnly', 'decipherOnly'] as const
