// SPDX-License-Identifier: Apache-2.0
/** The closed word lists that profile documents choose from, with what each word stands for. */

export const environments = ['trial', 'test', 'production'] as const
export type Environment = (typeof environments)[number]

/** What may admit a request. */
export const proofs = [
  'code',
  'birth-certificate',
  'current-certificate',
  'operator',
  'registrar',
  'tpm',
  'secure-element',
] as const

/** Hardware that proves where a key lives: a TPM 2.0, or an element that its vendor vouches for. */
export const attestationForms = ['tpm', 'secure-element'] as const
export type AttestationForm = (typeof attestationForms)[number]

/** What becomes of the measurements of a device's platform that meet no reference value. */
export const quoteRules = ['recorded', 'required'] as const

/**
 * What a certificate says of its key's place; asserted of nothing that was not verified.
 *
 * @see TCG, TPM 2.0 Keys for Device Identity and Attestation, section 5.1 (tcg-cap)
 */
export const residencePolicies = {
  verifiedTpmResidency: '2.23.133.11.1.1',
  verifiedTpmFixed: '2.23.133.11.1.2',
  verifiedTpmRestricted: '2.23.133.11.1.3',
} as const

/**
 * What may wait for a person: `enrol` is whatever a code, a birth certificate or a registrar proves,
 * `renew` what the current certificate does, whichever operation of a protocol asks.
 */
export const approvable = ['enrol', 'renew'] as const

/**
 * Subject attributes: object identifier and most characters.
 *
 * @see RFC 5280 appendix A.1, the upper bounds; X.520 for the types
 */
export const subjectAttributes = {
  C: { oid: '2.5.4.6', atMost: 2 },
  ST: { oid: '2.5.4.8', atMost: 128 },
  L: { oid: '2.5.4.7', atMost: 128 },
  O: { oid: '2.5.4.10', atMost: 64 },
  OU: { oid: '2.5.4.11', atMost: 64 },
  CN: { oid: '2.5.4.3', atMost: 64 },
  serialNumber: { oid: '2.5.4.5', atMost: 64 },
} as const satisfies Record<string, { oid: string; atMost: number }>
export type SubjectAttribute = keyof typeof subjectAttributes

/** RFC 5280 section 4.2.1.3, without what concerns key agreement (no key of ours agrees). */
export const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'keyCertSign',
  'cRLSign',
] as const

/** Extended key purposes by name. RFC 5280 section 4.2.1.12, RFC 6402, RFC 6960, RFC 9809; TCG's AIK certificate. */
export const keyPurposes = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  cmcRA: '1.3.6.1.5.5.7.3.28',
  configSigning: '1.3.6.1.5.5.7.3.41',
  trustAnchorConfigSigning: '1.3.6.1.5.5.7.3.42',
  updatePackageSigning: '1.3.6.1.5.5.7.3.43',
  safetyCommunication: '1.3.6.1.5.5.7.3.44',
  attestationKey: '2.23.133.8.3',
} as const

/** `host` is `dns` or `ip`, whichever the value is. */
export const alternativeNameKinds = [
  'host',
  'dns',
  'ip',
  'uri',
  'email',
  'hardwareModuleName',
  'permanentIdentifier',
] as const

/** What a template may name in braces; `names` stands for a list and draws one name each. */
export const placeholders = [
  'serial',
  'product',
  'maker',
  'hardwareRevision',
  'lot',
  'name',
  'names',
  'module',
  'moduleCertificate',
] as const

/**
 * How far a request may say on its own what the template draws: nothing; nothing or the same; nothing
 * or any part of it; whatever it likes, as it is ignored.
 */
export const freedoms = ['nothing', 'same', 'part', 'ignored'] as const

/**
 * In what a certificate that an upstream signed may differ from what the profile draws. Never in its key,
 * its alternative names, or that it is no authority.
 */
export const answerFreedoms = ['subject', 'validity', 'purposes'] as const
