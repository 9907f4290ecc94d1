// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '../refusal.ts'

/** What a device shows to prove that it may ask. */
export type Credential =
  /** A one-time enrolment code; `user` is the device's serial. */
  | { readonly kind: 'code'; readonly user: string; readonly code: string }
  /** A certificate chain, leaf first, whose key the TLS connection just proved. */
  | { readonly kind: 'certificate'; readonly chain: readonly Uint8Array[] }
  | { readonly kind: 'none' }

/** A wish for a certificate, in the one shape that every protocol's door makes. */
export interface EnrolmentRequest {
  readonly protocol: 'est'
  readonly operation: 'enrol' | 'reenrol'
  /** The entrance that was named; undefined: the default one of the device's product. */
  readonly label: string | undefined
  /** PKCS #10, DER. */
  readonly request: Uint8Array
  readonly credential: Credential
  /** Where the device is, as the connection or a known proxy says; never a stranger's word. */
  readonly sourceAddress: string
  /** The request's own id, by which its line in the log is found. */
  readonly requestId?: string | undefined
  /** The tls-exporter value of the connection (RFC 9266); undefined: it has none. */
  readonly channelBinding?: Uint8Array | undefined
  /** The client certificate whose key this very connection proved, whatever the credential is; DER. */
  readonly connectionCertificate?: Uint8Array | undefined
  /** The known proxy that the device's TLS ended at. */
  readonly proxy?: { readonly id: string; readonly name: string } | undefined
}

export type Outcome =
  /** `certificate` is DER; `id` its record. */
  | { readonly kind: 'issued'; readonly certificate: Uint8Array; readonly id: string }
  /** A person has to decide, or an upstream to answer; the same request may come again after that. */
  | { readonly kind: 'pending'; readonly retryAfterSeconds: number }
  | Refused
