// SPDX-License-Identifier: Apache-2.0
import type { ExtensionCodec } from './codec.ts'
import {
  authorityKeyIdentifier,
  issuerAltName,
  masaUrl,
  mudUrl,
  subjectAltName,
  subjectKeyIdentifier,
} from './identifiers.ts'
import {
  authorityInfoAccess,
  cRLDistributionPoints,
  freshestCRL,
  issuingDistributionPoint,
  subjectInfoAccess,
} from './locations.ts'
import {
  certificatePolicies,
  inhibitAnyPolicy,
  nameConstraints,
  policyConstraints,
  policyMappings,
} from './policies.ts'
import {
  certificateIssuer,
  cRLNumber,
  cRLReason,
  deltaCRLIndicator,
  invalidityDate,
  noRevAvail,
  ocspNoCheck,
} from './revocation.ts'
import { basicConstraints, extKeyUsage, keyUsage, tlsFeature } from './usage.ts'

const table = {
  authorityInfoAccess,
  authorityKeyIdentifier,
  basicConstraints,
  cRLDistributionPoints,
  cRLNumber,
  cRLReason,
  certificateIssuer,
  certificatePolicies,
  deltaCRLIndicator,
  extKeyUsage,
  freshestCRL,
  inhibitAnyPolicy,
  invalidityDate,
  issuerAltName,
  issuingDistributionPoint,
  keyUsage,
  masaUrl,
  mudUrl,
  nameConstraints,
  noRevAvail,
  ocspNoCheck,
  policyConstraints,
  policyMappings,
  subjectAltName,
  subjectInfoAccess,
  subjectKeyIdentifier,
  tlsFeature,
}

export type ExtensionName = keyof typeof table

/** What each extension says, by its name in the standard. */
export type ExtensionValues = {
  readonly [N in ExtensionName]: (typeof table)[N] extends ExtensionCodec<infer T> ? T : never
}

/** Every extension that is understood; all others are strangers, refused if critical. */
export const extensionCodecs: {
  readonly [N in ExtensionName]: ExtensionCodec<ExtensionValues[N]>
} = table
