// SPDX-License-Identifier: Apache-2.0
import type { ProfileDocument } from '../document/profile-document.ts'
import { readyProfiles } from './ready-profiles.ts'

/** Identities whose keys live in secure elements for which their makers or provisioners vouch. */
export const elementSet: readonly ProfileDocument[] = [
  {
    ...readyProfiles.ldevid,
    name: 'element-working',
    about: 'working identity whose key lives in the secure element of the device',
    keys: {
      algorithms: ['p-256'],
      because: 'NIST SP 800-186: the one curve that every secure element in the field has',
    },
    admission: {
      proofs: ['secure-element', 'code', 'current-certificate'],
      because:
        'RFC 7030 section 3.3: a code is for the first contact, which says in which device an element is; the key needs its element whoever asks',
    },
    attestation: {
      required: ['secure-element'],
      maxAgeHours: 24,
      because: 'our choice: what a maker signed once of an element does not age',
    },
  },
]
