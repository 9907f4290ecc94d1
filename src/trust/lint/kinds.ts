// SPDX-License-Identifier: Apache-2.0

/** What a certificate is for; birth = IDevID, working = LDevID. */
export const certificateKinds = [
  'birth',
  'working',
  'server',
  'client',
  'signer',
  'ocsp',
  'issuing',
  'root',
] as const

export type CertificateKind = (typeof certificateKinds)[number]
