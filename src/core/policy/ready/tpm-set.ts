// SPDX-License-Identifier: Apache-2.0
import type { ProfileDocument } from '../document/profile-document.ts'
import { residencePolicies } from '../document/words.ts'
import { readyProfiles } from './ready-profiles.ts'

/**
 * TCG, TPM 2.0 Keys for Device Identity and Attestation, version 1.0 revision 12, section 8: hwType says
 * "a TPM 2.0", the permanent identifier is the digest of the endorsement certificate.
 */
const namesOfTheTpm = {
  names: [
    { kind: 'hardwareModuleName', type: '2.23.133.1.2', value: '{module}' },
    { kind: 'permanentIdentifier', type: '2.23.133.12.1', value: '{moduleCertificate}' },
  ],
  requested: 'part',
  because: 'TCG TPM 2.0 Keys for Device Identity and Attestation, section 8: which TPM it was',
} as const

const keysOfTpms = {
  algorithms: ['p-256', 'p-384', 'rsa-2048', 'rsa-3072'],
  because:
    'TCG PC Client Platform TPM Profile: every TPM makes P-256 and RSA-2048, newer ones the others; RSA-2048 ends 2030 (NIST SP 800-57)',
} as const

const residentAndFixed = {
  policies: [residencePolicies.verifiedTpmResidency, residencePolicies.verifiedTpmFixed],
  because: 'TCG tcg-cap: asserted since every key was attested by its TPM and proved fixed in it',
} as const

/** Identities whose keys live in a TPM 2.0 and are proved to, and the keys that prove it. */
export const tpmSet: readonly ProfileDocument[] = [
  {
    ...readyProfiles.idevid,
    name: 'tpm-birth',
    about: 'birth identity whose key was made in the TPM of the device, and cannot leave it',
    subjectAlternativeName: namesOfTheTpm,
    keys: keysOfTpms,
    certificatePolicies: residentAndFixed,
    admission: {
      proofs: ['tpm'],
      because:
        'TCG TPM 2.0 Keys for Device Identity and Attestation, section 6: the TPM that is expected vouches for the key',
    },
    attestation: {
      required: ['tpm'],
      maxAgeHours: 1,
      because: 'our choice: the proof is made for this one request, minutes before it',
    },
  },
  {
    ...readyProfiles.ldevid,
    name: 'tpm-working',
    about: 'working identity whose key lives in the TPM of the device, proved at each renewal',
    subjectAlternativeName: namesOfTheTpm,
    keys: keysOfTpms,
    certificatePolicies: residentAndFixed,
    admission: {
      proofs: ['tpm', 'birth-certificate', 'current-certificate', 'registrar'],
      because:
        'RFC 7030 section 3.3: whoever asks, the key needs the proof of the TPM; no code alone suffices',
    },
    attestation: {
      required: ['tpm'],
      maxAgeHours: 24,
      quote: 'recorded',
      because:
        'our choice: a day between the proof and the request is enough for a slow line, and short beside a year',
    },
  },
  {
    ...readyProfiles.client,
    name: 'attestation',
    about:
      'restricted key of a TPM that vouches for the other keys of its device, and does nothing else',
    kind: 'attestation',
    subject: {
      attributes: readyProfiles.ldevid.subject.attributes,
      requested: 'ignored',
      because:
        'TCG TPM 2.0 Keys for Device Identity and Attestation, section 8: the same subject as the identity that it vouches for',
    },
    subjectAlternativeName: { ...namesOfTheTpm, requested: 'ignored' },
    keys: keysOfTpms,
    extendedKeyUsage: {
      purposes: ['attestationKey'],
      because: 'TCG tcg-kp-AIKCertificate: no verifier takes it for an identity',
    },
    certificatePolicies: {
      policies: [residencePolicies.verifiedTpmResidency, residencePolicies.verifiedTpmRestricted],
      because:
        'TCG tcg-cap: its endorsement key vouched for it, and its public area says restricted',
    },
    admission: {
      proofs: ['tpm'],
      because: 'TCG TPM 2.0 part 3, TPM2_ActivateCredential: only its own TPM can prove it',
    },
  },
]
