// SPDX-License-Identifier: Apache-2.0
/** The profiles that come with the house. `docs/profiles.md` explains how to write one's own. */
import type { ProfileDocument } from '../document/profile-document.ts'

const format = 'vitalsign-profile-1'
const everywhere = ['trial', 'test', 'production'] as const
const endless = '99991231235959Z'

const deviceSubject = [
  { type: 'O', value: '{maker}' },
  { type: 'OU', value: '{product}' },
  { type: 'CN', value: '{serial}' },
  { type: 'serialNumber', value: '{serial}' },
] as const
const namedSubject = [
  { type: 'O', value: '{maker}' },
  { type: 'CN', value: '{name}' },
] as const

const modernKeys = [
  ...(['p-256', 'p-384', 'p-521', 'ed25519', 'ed448', 'rsa-3072', 'rsa-4096'] as const),
  ...(['rsa-pss-3072', 'rsa-pss-4096', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const),
] as const
/** An authority is in no handshake, and may sign as slowly as SLH-DSA does. */
const authorityKeys = [
  ...modernKeys,
  ...(['slh-dsa-sha2-128s', 'slh-dsa-sha2-128f', 'slh-dsa-sha2-192s'] as const),
  ...(['slh-dsa-sha2-192f', 'slh-dsa-sha2-256s', 'slh-dsa-sha2-256f'] as const),
  ...(['slh-dsa-shake-128s', 'slh-dsa-shake-128f', 'slh-dsa-shake-192s'] as const),
  ...(['slh-dsa-shake-192f', 'slh-dsa-shake-256s', 'slh-dsa-shake-256f'] as const),
] as const
const modernKeysBecause =
  'NIST SP 800-57 part 1 table 4: under 128 bits of strength nothing new after 2030, within the life of devices made today'
const hourForSlowClocks = {
  minutes: 60,
  because:
    'our choice: devices without a battery keep time badly; an hour covers a clock not yet set by the network',
} as const
const personAsks = {
  proofs: ['operator'],
  because: 'IEC 62443-4-2 CR 1.5: who may have one is decided by a person who is signed in',
} as const
/** An application is told by a person that it may have one, and then goes on by itself. */
const renewsItself = {
  renewal: {
    fromPercent: 0,
    because:
      'our choice: one told to renew now, or with a lost answer, must be able to; the number of identities is the limit',
  },
  renewalAfterExpiry: {
    rule: 'never',
    because: 'RFC 5280 section 6.1.3 trusts no expired certificate; an operator gives a new code',
  },
  admission: {
    proofs: ['operator', 'code', 'current-certificate'],
    because:
      'IEC 62443-4-2 CR 1.5: a person who is signed in decides who may have one, and gives a code for it; RFC 7030 section 3.3.2: renewed by the current one',
  },
  identities: {
    atMost: 3,
    because:
      'our choice: the current one, its successor until it has proved itself, and one whose answer was lost on the way',
  },
} as const
const signsOnly = {
  bits: ['digitalSignature'],
  because:
    'TLS 1.3 (RFC 8446 section 4.4.2.2) and signing need no more; enciphering keys has no forward secrecy',
} as const
const listedStatus = {
  crl: true,
  ocsp: false,
  issuer: true,
  noRevAvail: false,
  because:
    'RFC 5280 sections 4.2.1.13 and 4.2.2.1: a verifier finds the list and the issuer by itself',
} as const

/** What RAUC and SWUpdate take in their default and in their strict settings, and RFC 9809 besides. */
const artefactSigner = {
  subject: {
    attributes: [...namedSubject, { type: 'OU', value: '{product}' }],
    requested: 'ignored',
    because: 'our choice: the house names the signers that it makes; one signer a product and key',
  },
  keys: {
    algorithms: [
      ...(['p-256', 'p-384', 'rsa-3072', 'rsa-4096', 'ed25519'] as const),
      ...(['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const),
    ],
    because:
      'CA/Browser Forum code signing requirements 6.1.5: RSA of 3072 bits or more; FIPS 204 beyond 2035',
  },
  keyUsage: signsOnly,
  extendedKeyUsage: {
    purposes: ['codeSigning', 'emailProtection', 'updatePackageSigning'],
    because:
      'RFC 9809 section 3; as delivered RAUC and SWUpdate ask for emailProtection (smimesign), and for codeSigning where they are set to be strict: only both pass everywhere',
  },
  backdating: hourForSlowClocks,
  admission: personAsks,
  status: listedStatus,
} as const

export const readyProfiles = {
  idevid: {
    format,
    name: 'idevid',
    version: 1,
    about: 'birth identity of a device (IDevID): made once, never renewed, used only to enrol',
    kind: 'birth',
    environments: everywhere,
    subject: {
      attributes: deviceSubject,
      requested: 'part',
      because: 'IEEE 802.1AR-2018 and RFC 8995 section 2.3.1: the serial stands in serialNumber',
    },
    keys: {
      algorithms: ['p-256', 'p-384'],
      because:
        'IEEE 802.1AR-2018 names P-256, P-384 and RSA-2048; RSA-2048 ends 2030 (NIST SP 800-57)',
    },
    keyUsage: signsOnly,
    validity: {
      until: endless,
      because:
        'IEEE 802.1AR-2018, RFC 5280 section 4.1.2.5: 99991231235959Z, no known end; policy stops it',
    },
    backdating: {
      minutes: 0,
      because: 'IEEE 802.1AR-2018: notBefore is the time of making',
    },
    admission: {
      proofs: ['code', 'operator'],
      because:
        'a device has one birth, in the factory, by someone who answers for it (NIST IR 8259A, identity)',
    },
    identities: { atMost: 1, because: 'IEEE 802.1AR-2018: one IDevID, immutable' },
    status: {
      crl: false,
      ocsp: false,
      issuer: false,
      noRevAvail: false,
      because:
        'it is accepted here alone and the ledger says who is blocked; a list of endless certificates would grow for ever, and noRevAvail (RFC 9608) would deny that a cut-off one is revoked',
    },
  },

  ldevid: {
    format,
    name: 'ldevid',
    version: 1,
    about: 'working identity of a device (LDevID): short, renewed by itself',
    kind: 'working',
    environments: everywhere,
    subject: {
      attributes: deviceSubject,
      requested: 'part',
      because:
        'the ledger knows the device better than its request does; RFC 7030 section 4.2.3 lets us word it',
    },
    keys: { algorithms: modernKeys, because: modernKeysBecause },
    birthKey: {
      allowed: false,
      because:
        'IEEE 802.1AR-2018: LDevID keys are their own, so that one can be lost without the other',
    },
    keyAge: {
      hours: 26_280,
      because:
        'NIST SP 800-57 part 1 table 1: a private authentication key serves 1 to 2 years, with a third for shelf life',
    },
    keyUsage: signsOnly,
    extendedKeyUsage: {
      purposes: ['clientAuth'],
      because: 'RFC 5280 section 4.2.1.12: it signs a device in and does nothing else',
    },
    validity: {
      hours: 8760,
      because:
        'NIST SP 800-57 part 1 table 1, lower end: a year is short enough to lose and long enough for a hospital stay offline',
    },
    backdating: hourForSlowClocks,
    renewal: {
      fromPercent: 0,
      because:
        'our choice: a device told to renew now, or with a lost answer, must be able to; the number of identities is the limit',
    },
    renewalAfterExpiry: {
      rule: 'birth-certificate',
      because:
        'long storage must not make scrap; RFC 5280 section 6.1.3 trusts no expired certificate, the birth one stands',
    },
    admission: {
      proofs: ['code', 'birth-certificate', 'current-certificate', 'operator'],
      because:
        'RFC 7030 sections 3.3.2 and 3.2.3: certificate or password; each only for a device that is expected',
    },
    identities: {
      atMost: 3,
      because:
        'our choice: the current one, its successor until it has proved itself, and one whose answer was lost on the way',
    },
    status: listedStatus,
  },

  server: {
    format,
    name: 'server',
    version: 1,
    about: 'TLS server certificate',
    kind: 'server',
    environments: everywhere,
    subject: {
      attributes: namedSubject,
      requested: 'part',
      because:
        'RFC 9525 section 6.3: clients read alternative names only; the subject is for people',
    },
    subjectAlternativeName: {
      names: [{ kind: 'host', value: '{names}' }],
      requested: 'part',
      because: 'RFC 9525 section 6: exactly the names that the configuration gives',
    },
    keys: { algorithms: modernKeys, because: modernKeysBecause },
    keyUsage: signsOnly,
    extendedKeyUsage: {
      purposes: ['serverAuth'],
      because: 'RFC 5280 section 4.2.1.12: a server, not a device',
    },
    validity: {
      hours: 2160,
      because:
        'ninety days, our choice below the CA/Browser Forum limit: what renews itself can be short',
    },
    backdating: hourForSlowClocks,
    ...renewsItself,
    status: listedStatus,
  },

  client: {
    format,
    name: 'client',
    version: 1,
    about: 'client certificate of an application, or of a machine or a person that uses the API',
    kind: 'client',
    environments: everywhere,
    subject: {
      attributes: namedSubject,
      requested: 'part',
      because: 'the name under which the ledger knows it (IEC 62443-4-2 CR 1.2)',
    },
    keys: { algorithms: modernKeys, because: modernKeysBecause },
    keyUsage: signsOnly,
    extendedKeyUsage: {
      purposes: ['clientAuth'],
      because: 'RFC 5280 section 4.2.1.12: it signs in and nothing else',
    },
    validity: {
      hours: 8760,
      because: 'NIST SP 800-57 part 1 table 1: a private authentication key serves 1 to 2 years',
    },
    backdating: hourForSlowClocks,
    ...renewsItself,
    status: listedStatus,
  },

  'firmware-signer': {
    format,
    name: 'firmware-signer',
    version: 1,
    about: 'signs firmware and update packages',
    kind: 'signer',
    environments: everywhere,
    subject: {
      attributes: [...namedSubject, { type: 'OU', value: '{product}' }],
      requested: 'part',
      because: 'one signer a product, so that one can be withdrawn alone (IEC 62443-4-1 SM-8)',
    },
    keys: {
      algorithms: ['p-384', 'rsa-3072', 'rsa-4096', 'ml-dsa-65', 'ml-dsa-87'],
      because:
        'CA/Browser Forum code signing requirements 6.1.5: RSA of 3072 bits or more; FIPS 204 beyond 2035',
    },
    keyAge: {
      hours: 26_280,
      because: 'NIST SP 800-57 part 1 table 1: a private signature key serves 1 to 3 years',
    },
    keyUsage: signsOnly,
    extendedKeyUsage: {
      purposes: ['codeSigning', 'updatePackageSigning'],
      because: 'RFC 5280 section 4.2.1.12 and RFC 9809 section 3: code, and packages of updates',
    },
    validity: {
      hours: 11_040,
      because:
        'CA/Browser Forum code signing requirements 6.3.2: at most 460 days since 2026-03-01',
    },
    backdating: {
      minutes: 0,
      because: 'our choice: a signature before its certificate would be a question in every audit',
    },
    admission: personAsks,
    status: listedStatus,
  },

  'artefact-signer': {
    ...{ format, name: 'artefact-signer', version: 1, kind: 'signer', environments: everywhere },
    about: 'signs artefacts, where devices believe time-stamps; made by "signing-key make"',
    ...artefactSigner,
    validity: {
      hours: 11_040,
      because:
        'CA/Browser Forum code signing requirements 6.3.2: at most 460 days; a time-stamp keeps what it signed valid',
    },
  },

  'artefact-signer-lasting': {
    ...{ format, name: 'artefact-signer-lasting', version: 1, kind: 'signer' },
    environments: everywhere,
    about: 'signs artefacts for RAUC and SWUpdate, which refuse them once it ended',
    ...artefactSigner,
    validity: {
      hours: 131_400,
      because:
        'our choice: fifteen years, as long as a medical device is supported; RAUC and SWUpdate hold it against their clock and honour no time-stamp, so that devices could never be updated again once it ended; which key signs is settled by its state here',
    },
  },

  'ocsp-signer': {
    format,
    name: 'ocsp-signer',
    version: 1,
    about: 'answers for an authority about the status of certificates',
    kind: 'ocsp',
    environments: everywhere,
    subject: {
      attributes: namedSubject,
      requested: 'part',
      because:
        'RFC 6960 section 4.2.2.2: verifiers look at issuer and purpose, the name is for people',
    },
    keys: { algorithms: modernKeys, because: modernKeysBecause },
    keyUsage: signsOnly,
    extendedKeyUsage: { purposes: ['OCSPSigning'], because: 'RFC 6960 section 4.2.2.2' },
    validity: {
      hours: 2160,
      because:
        'RFC 6960 section 4.2.2.2.1: it is not checked for revocation, so ninety days are its only end',
    },
    backdating: hourForSlowClocks,
    admission: personAsks,
    status: {
      crl: false,
      ocsp: false,
      issuer: false,
      noRevAvail: false,
      because: 'RFC 6960 section 4.2.2.2.1: id-pkix-ocsp-nocheck stands in their place',
    },
  },

  'time-stamp-signer': {
    format,
    name: 'time-stamp-signer',
    version: 1,
    about: 'says when a signature was there',
    kind: 'signer',
    environments: everywhere,
    subject: {
      attributes: namedSubject,
      requested: 'part',
      because: 'RFC 3161 section 2.3: verifiers look at the purpose, the name is for people',
    },
    keys: {
      algorithms: ['p-384', 'p-256', 'rsa-3072', 'rsa-4096'],
      because: 'our choice: what every verifier of time-stamps checks, OpenSSL of 2022 among them',
    },
    keyUsage: signsOnly,
    extendedKeyUsage: {
      purposes: ['timeStamping'],
      because: 'RFC 3161 section 2.3: this one purpose alone, and critical',
    },
    validity: {
      hours: 98_550,
      because:
        'CA/Browser Forum code signing requirements 6.3.2: at most 135 months; what it signed is checked that long',
    },
    backdating: {
      minutes: 0,
      because: 'our choice: no time-stamp is older than its signer',
    },
    admission: personAsks,
    status: listedStatus,
  },

  issuing: {
    format,
    name: 'issuing',
    version: 1,
    about: 'issuing authority below a root; signs leaves only',
    kind: 'issuing',
    environments: everywhere,
    subject: {
      attributes: namedSubject,
      requested: 'ignored',
      because: 'our choice: the house names its authorities',
    },
    keys: { algorithms: authorityKeys, because: modernKeysBecause },
    keyUsage: {
      bits: ['keyCertSign', 'cRLSign'],
      because: 'RFC 5280 section 4.2.1.3: certificates and the lists of revoked ones',
    },
    authority: { pathLength: 0, because: 'RFC 5280 section 4.2.1.9: below it stand leaves only' },
    validity: {
      until: endless,
      because:
        'our choice: a birth identity has no end, so its issuer has none; a trial ends with its root; policy stops issuing',
    },
    backdating: {
      minutes: 60,
      because: 'our choice: no younger than the leaves that it backdates by an hour',
    },
    admission: personAsks,
    status: {
      ...listedStatus,
      because: 'RFC 5280 section 4.2.1.13: the root lists revoked authorities',
    },
  },

  root: {
    format,
    name: 'root',
    version: 1,
    about: 'root authority of devices in the field',
    kind: 'root',
    environments: ['test', 'production'],
    subject: {
      attributes: namedSubject,
      requested: 'ignored',
      because: 'our choice: the house names its authorities',
    },
    keys: { algorithms: authorityKeys, because: modernKeysBecause },
    keyUsage: {
      bits: ['keyCertSign', 'cRLSign'],
      because: 'RFC 5280 section 4.2.1.3: certificates and the lists of revoked ones',
    },
    authority: { pathLength: 1, because: 'RFC 5280 section 4.2.1.9: one rank of issuers below it' },
    validity: {
      until: endless,
      because:
        'our choice: a birth identity has no end, so its root has none; which roots count is said by anchor sets',
    },
    backdating: {
      minutes: 60,
      because: 'our choice: no younger than the leaves that are backdated by an hour',
    },
    admission: personAsks,
    status: {
      crl: false,
      ocsp: false,
      issuer: false,
      noRevAvail: false,
      because: 'RFC 5280 section 6.1: trust in a root comes from outside, so does its end',
    },
  },

  'trial-root': {
    format,
    name: 'trial-root',
    version: 1,
    about: 'root of a trial: ends by itself and never becomes production',
    kind: 'root',
    environments: ['trial'],
    subject: {
      attributes: namedSubject,
      requested: 'ignored',
      because: 'our choice: the house names its authorities, and says TRIAL',
    },
    keys: { algorithms: authorityKeys, because: modernKeysBecause },
    keyUsage: {
      bits: ['keyCertSign', 'cRLSign'],
      because: 'RFC 5280 section 4.2.1.3: certificates and the lists of revoked ones',
    },
    authority: { pathLength: 1, because: 'RFC 5280 section 4.2.1.9: one rank of issuers below it' },
    validity: {
      hours: 2160,
      because: 'our choice: in ninety days a trial is over, with all that was issued under it',
    },
    backdating: {
      minutes: 60,
      because: 'our choice: no younger than the leaves that are backdated by an hour',
    },
    admission: personAsks,
    status: {
      crl: false,
      ocsp: false,
      issuer: false,
      noRevAvail: false,
      because: 'RFC 5280 section 6.1: trust in a root comes from outside, so does its end',
    },
  },
} as const satisfies Record<string, ProfileDocument>

export type ReadyProfileName = keyof typeof readyProfiles
