// SPDX-License-Identifier: Apache-2.0
import type { Extension } from '#format/x509/extension.ts'
import type { Name } from '#format/x509/name.ts'
import type { PublicKey } from '#trust/public-key.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import type { CertificateFacts, Profile } from './profile.ts'

/** What policy settled about a certificate to be; the authority adds number, time and pointers. */
export interface Terms {
  readonly profile: Profile
  readonly publicKey: PublicKey
  /** What the templates are filled from, and what the ledger keeps beside. */
  readonly facts: CertificateFacts
  /** The id of the device, authority, person or machine that it will name. */
  readonly owner: string
  readonly product: string | null
  readonly subject: Name
  /** Whether the subject is that of the certificate being renewed, to the byte, whatever the profile draws. */
  readonly keepsSubject: boolean
  /** Each in the place of what the profile draws, to the byte: kept from a renewal, or asked and allowed. */
  readonly extensions: readonly Extension[]
  /** The certificate that it follows. */
  readonly replaces: CertificateRecord | undefined
}

class ApprovedTerms {
  readonly #madeHere = true
  readonly terms: Terms

  constructor(terms: Terms) {
    this.terms = terms
    void this.#madeHere
  }
}

/** Terms that policy approved. Only `decide.ts` makes them; the authority signs nothing else. */
export type Approved = ApprovedTerms

/** For `decide.ts` alone; the architecture test holds that nobody else imports it. */
export function approve(terms: Terms): Approved {
  return new ApprovedTerms(terms)
}
