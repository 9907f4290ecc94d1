// SPDX-License-Identifier: Apache-2.0
/** What a revocation list of ours holds: RFC 5280 section 5, and where it leaves a choice, ours. */
import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import type { CrlOutline } from '#format/x509/crl-outline.ts'
import { type ExtensionName, readExtension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { findSignatureAlgorithm, keyAlgorithms } from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import type { Severity } from '../rule.ts'

/** full: of all of an authority; delta: what changed since a full one; shard: of the certificates that name it. */
export const crlKinds = ['full', 'delta', 'shard'] as const
export type CrlKind = (typeof crlKinds)[number]

/** A list that is about to be signed, beside the certificate of the key that will sign. */
export interface LintedCrl {
  readonly crl: CrlOutline
  readonly issuer: Certificate
  readonly kind: CrlKind
}

export interface CrlRule {
  readonly id: string
  readonly source: string
  readonly severity: Severity
  readonly holds: string
  /** What is wrong, with both values; undefined if it holds. Never throws. */
  readonly check: (linted: LintedCrl) => string | undefined
}

function codecOf(name: ExtensionName) {
  return extensionCodecs[name]
}

/** Which extensions belong on which list; all others do not. */
const allowed: Record<CrlKind, readonly ExtensionName[]> = {
  full: ['authorityKeyIdentifier', 'cRLNumber', 'freshestCRL'],
  delta: ['authorityKeyIdentifier', 'cRLNumber', 'deltaCRLIndicator'],
  shard: ['authorityKeyIdentifier', 'cRLNumber', 'issuingDistributionPoint'],
}

/** Every rule, in the order of a list's fields; ids are unique, also among those of certificates. */
export const crlRules: readonly CrlRule[] = [
  {
    id: 'crl-signature-algorithm-of-issuer',
    source: 'RFC 5280 section 5.1.1.2; RFC 5758 section 3.2',
    severity: 'error',
    holds: "the signature algorithm is one of the table, and the issuer's key signs with it",
    check: ({ crl, issuer }) => {
      const row = findSignatureAlgorithm(crl.signatureAlgorithm)
      if (row === undefined) return `${crl.signatureAlgorithm.oid} is not known`
      const key = importPublicKey(issuer.publicKey)
      if ('reason' in key) return key.detail
      return row.keyOids.includes(keyAlgorithms[key.algorithm].identifier.oid)
        ? undefined
        : `${row.name}, the issuer's key is ${key.algorithm}`
    },
  },
  {
    id: 'crl-issuer-is-the-signer',
    source: 'RFC 5280 section 5.1.2.3: no indirect lists',
    severity: 'error',
    holds: 'the issuer is, octet by octet, the subject of the certificate whose key signs',
    check: ({ crl, issuer }) =>
      sameBytes(crl.issuer.der, issuer.subject.der) ? undefined : 'another name stands there',
  },
  {
    id: 'crl-issuer-may-sign',
    source: 'RFC 5280 section 4.2.1.3',
    severity: 'error',
    holds: "the issuer's key usage allows cRLSign",
    check: ({ issuer }) => {
      const usage = readExtension(issuer.extensions, 'keyUsage')
      return usage === undefined || usage.includes('cRLSign')
        ? undefined
        : `its key usage is ${usage.join(', ')}`
    },
  },
  {
    id: 'crl-times-in-order',
    source: 'RFC 5280 section 5.1.2.5',
    severity: 'error',
    holds: 'nextUpdate comes after thisUpdate',
    check: ({ crl: { thisUpdate, nextUpdate } }) =>
      Temporal.Instant.compare(thisUpdate, nextUpdate) < 0
        ? undefined
        : `thisUpdate is ${thisUpdate}, nextUpdate ${nextUpdate}`,
  },
  {
    id: 'crl-ends-within-issuer',
    source: 'own: nobody can check a list past the end of who signed it',
    severity: 'error',
    holds: "nextUpdate does not come after the issuer's end",
    check: ({ crl: { nextUpdate }, issuer: { notAfter } }) =>
      Temporal.Instant.compare(nextUpdate, notAfter) <= 0
        ? undefined
        : `nextUpdate is ${nextUpdate}, the issuer ends ${notAfter}`,
  },
  {
    id: 'crl-extensions-known',
    source: 'RFC 5280 section 5.2',
    severity: 'error',
    holds: 'it has the extensions of its kind and no others',
    check: (linted) => {
      const known = new Set<string>(allowed[linted.kind].map((name) => codecOf(name).oid))
      const strange = linted.crl.extensions.find(({ oid }) => !known.has(oid))
      return strange && `${strange.oid} in a ${linted.kind} list`
    },
  },
  {
    id: 'crl-criticality',
    source: 'RFC 5280 sections 5.2.1 to 5.2.6',
    severity: 'error',
    holds: 'issuing distribution point and delta indicator are critical, all others are not',
    check: ({ crl, kind }) => {
      for (const name of allowed[kind]) {
        const { oid, critical } = codecOf(name)
        const one = crl.extensions.find((extension) => extension.oid === oid)
        if (one !== undefined && one.critical !== critical)
          return `${name} is ${one.critical ? '' : 'not '}critical`
      }
      return undefined
    },
  },
  {
    id: 'crl-authority-key-identifier',
    source: 'RFC 5280 section 5.2.1',
    severity: 'error',
    holds: "the authority key identifier is there and is the issuer's subject key identifier",
    check: ({ crl, issuer }) => {
      const own = readExtension(crl.extensions, 'authorityKeyIdentifier')?.keyIdentifier
      const above = readExtension(issuer.extensions, 'subjectKeyIdentifier')
      if (own === undefined) return 'it is not there'
      // A root of somebody else may have none; RFC 5280 section 4.2.1.2 leaves the making of it to us.
      return above === undefined || sameBytes(own, above)
        ? undefined
        : `it is ${own.toHex()}, the issuer's is ${above.toHex()}`
    },
  },
  {
    id: 'crl-number',
    source: 'RFC 5280 section 5.2.3',
    severity: 'error',
    holds: 'it has a number from 1, of at most 20 octets',
    check: ({ crl }) => {
      const number = readExtension(crl.extensions, 'cRLNumber')
      if (number === undefined) return 'it has none'
      return number >= 1n && number < 2n ** 159n ? undefined : `it is ${number}`
    },
  },
  {
    id: 'crl-delta-names-its-base',
    source: 'RFC 5280 section 5.2.4',
    severity: 'error',
    holds: 'a delta names a base with no greater number; no other list is a delta',
    check: (linted) => {
      const { crl, kind } = linted
      const base = readExtension(crl.extensions, 'deltaCRLIndicator')
      const number = readExtension(crl.extensions, 'cRLNumber') ?? 0n
      if (kind !== 'delta')
        return base === undefined ? undefined : `a ${kind} list names base ${base}`
      if (base === undefined) return 'it names none'
      return base <= number ? undefined : `it is number ${number} to base ${base}`
    },
  },
  {
    id: 'crl-shard-names-its-point',
    source: 'RFC 5280 section 5.2.5; section 6.3.3 (b)(2)',
    severity: 'error',
    holds:
      'a shard names, by one address, the point that its certificates name, for all reasons and kinds',
    check: (linted) => {
      if (linted.kind !== 'shard') return undefined
      const point = readExtension(linted.crl.extensions, 'issuingDistributionPoint')
      if (point === undefined) return 'it names none'
      const [name, ...others] = point.fullName ?? []
      if (name?.kind !== 'uri' || others.length > 0) return 'its name is not one address'
      return Object.keys(point).length === 1 ? undefined : 'it covers a part alone'
    },
  },
  {
    id: 'crl-freshest-is-one-address',
    source: 'RFC 5280 section 5.2.6',
    severity: 'error',
    holds: 'where the delta is, a full list says by one address',
    check: (linted) => {
      const points = readExtension(linted.crl.extensions, 'freshestCRL')
      if (points === undefined) return undefined
      const [name, ...others] = points.flatMap(({ fullName }) => fullName)
      return name?.kind === 'uri' && others.length === 0 ? undefined : 'its name is not one address'
    },
  },
]
