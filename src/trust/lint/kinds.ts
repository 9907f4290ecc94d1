// SPDX-License-Identifier: Apache-2.0

/** What a certificate is for that a profile speaks of; birth = IDevID, working = LDevID; attestation: a TPM's key that vouches for others. */
export const profileKinds = [
  'birth',
  'working',
  'server',
  'client',
  'signer',
  'ocsp',
  'attestation',
  'issuing',
  'root',
] as const

/** link = one root's key certified by another of the same name; no profile has a say in it. */
export const certificateKinds = [...profileKinds, 'link'] as const

export type ProfileKind = (typeof profileKinds)[number]
export type CertificateKind = (typeof certificateKinds)[number]
