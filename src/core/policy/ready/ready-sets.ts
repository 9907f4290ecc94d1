// SPDX-License-Identifier: Apache-2.0
import type { ProfileDocument } from '../document/profile-document.ts'
import { elementSet } from './element-set.ts'
import { readyProfiles } from './ready-profiles.ts'
import { tpmSet } from './tpm-set.ts'

/**
 * `medical-15y`: for devices that serve ten to fifteen years, sold from now on.
 *
 * Issuers are P-256 because secure elements check it in hardware; the root is P-384 with an ML-DSA-87
 * twin, because NIST IR 8547 (draft) ends classical signatures in 2035, within that life.
 */
const medical15y: readonly ProfileDocument[] = [
  {
    ...readyProfiles.root,
    name: 'medical-15y-root',
    about: 'root for devices that serve ten to fifteen years; with a post-quantum twin',
    keys: {
      algorithms: ['p-384', 'ml-dsa-87'],
      because:
        'CNSA 1.0 and CNSA 2.0: P-384 until replaced, ML-DSA-87 after; both are shipped as anchors',
    },
  },
  {
    ...readyProfiles.issuing,
    name: 'medical-15y-issuing-birth',
    about: 'issuing authority of birth identities',
    keys: {
      algorithms: ['p-256', 'ml-dsa-65'],
      because: 'secure elements check P-256 in hardware; ML-DSA-65 (FIPS 204) where the device can',
    },
  },
  {
    ...readyProfiles.issuing,
    name: 'medical-15y-issuing',
    about: 'issuing authority of working identities, servers and signers',
    keys: {
      algorithms: ['p-256', 'ml-dsa-65'],
      because: 'secure elements check P-256 in hardware; ML-DSA-65 (FIPS 204) where the device can',
    },
    validity: {
      hours: 87_660,
      because:
        'ten years: three to five of issuing (NIST SP 800-57 table 1), then the life of the last leaf',
    },
  },
  {
    ...readyProfiles.idevid,
    name: 'medical-15y-idevid',
    about: 'birth identity in a secure element or TPM',
    keys: {
      algorithms: ['p-256'],
      because: 'IEEE 802.1AR-2018: every secure element and TPM has it',
    },
  },
  {
    ...readyProfiles.ldevid,
    name: 'medical-15y-ldevid',
    about: 'working identity: a year, renewed from half of its life on',
    keys: {
      algorithms: ['p-256', 'ml-dsa-65'],
      because: 'P-256 until 2035 (NIST IR 8547 draft), ML-DSA-65 (FIPS 204) as devices learn it',
    },
    renewal: {
      fromPercent: 50,
      because:
        'our choice: devices renew at two thirds; the third before lets a campaign bring it forward',
    },
  },
  {
    ...readyProfiles['firmware-signer'],
    name: 'medical-15y-firmware-signer',
    keys: {
      algorithms: ['p-384', 'rsa-3072', 'ml-dsa-65', 'ml-dsa-87'],
      because:
        'CNSA: P-384 until replaced; RSA-3072 for boot ROMs; ML-DSA as second signature beyond 2035',
    },
  },
  {
    ...readyProfiles.server,
    name: 'medical-15y-server',
    keys: {
      algorithms: ['p-256', 'p-384'],
      because:
        'every device checks these two; ninety days leave room to change (NIST IR 8547 draft)',
    },
  },
  { ...readyProfiles.client, name: 'medical-15y-client' },
  {
    ...readyProfiles['ocsp-signer'],
    name: 'medical-15y-ocsp-signer',
    keys: {
      algorithms: ['p-256', 'p-384'],
      because: 'our choice: as strong as the issuer that it answers for; devices check these two',
    },
  },
]

/** Named lists of profile documents that belong together. */
export const readySets: Readonly<Record<string, readonly ProfileDocument[]>> = {
  'medical-15y': medical15y,
  tpm: tpmSet,
  element: elementSet,
}
