// SPDX-License-Identifier: Apache-2.0
import { type Oid, oid } from '#format/der/oid.ts'

/** X.520 and RFC 4519 attribute types of names, PKCS #9, RFC 5280 appendix A. */
export const attributeTypes = {
  commonName: oid('2.5.4.3'),
  surname: oid('2.5.4.4'),
  serialNumber: oid('2.5.4.5'),
  countryName: oid('2.5.4.6'),
  localityName: oid('2.5.4.7'),
  stateOrProvinceName: oid('2.5.4.8'),
  streetAddress: oid('2.5.4.9'),
  organizationName: oid('2.5.4.10'),
  organizationalUnitName: oid('2.5.4.11'),
  title: oid('2.5.4.12'),
  description: oid('2.5.4.13'),
  businessCategory: oid('2.5.4.15'),
  postalCode: oid('2.5.4.17'),
  name: oid('2.5.4.41'),
  givenName: oid('2.5.4.42'),
  initials: oid('2.5.4.43'),
  generationQualifier: oid('2.5.4.44'),
  dnQualifier: oid('2.5.4.46'),
  pseudonym: oid('2.5.4.65'),
  organizationIdentifier: oid('2.5.4.97'),
  userId: oid('0.9.2342.19200300.100.1.1'),
  domainComponent: oid('0.9.2342.19200300.100.1.25'),
  emailAddress: oid('1.2.840.113549.1.9.1'),
} as const satisfies Record<string, Oid>

/** PKCS #9 (RFC 2985), CMS, EST (RFC 7030, RFC 9908) attributes. */
export const attributes = {
  contentType: oid('1.2.840.113549.1.9.3'),
  messageDigest: oid('1.2.840.113549.1.9.4'),
  signingTime: oid('1.2.840.113549.1.9.5'),
  challengePassword: oid('1.2.840.113549.1.9.7'),
  extensionRequest: oid('1.2.840.113549.1.9.14'),
  /** id-aa-signingCertificateV2, RFC 5035 section 3. */
  signingCertificateV2: oid('1.2.840.113549.1.9.16.2.47'),
  /** id-aa-signingCertificate, RFC 5035 section 5: by SHA-1. */
  signingCertificate: oid('1.2.840.113549.1.9.16.2.12'),
  changeSubjectName: oid('1.3.6.1.5.5.7.7.36'),
  smimeCapabilities: oid('1.2.840.113549.1.9.15'),
  /** id-aa-timeStampToken, RFC 3161 appendix A. */
  timeStampToken: oid('1.2.840.113549.1.9.16.2.14'),
  decryptKeyIdentifier: oid('1.2.840.113549.1.9.16.2.37'),
  asymmetricDecryptKeyIdentifier: oid('1.2.840.113549.1.9.16.2.54'),
  requestTemplate: oid('1.2.840.113549.1.9.16.2.61'),
  extensionRequestTemplate: oid('1.2.840.113549.1.9.16.2.62'),
  /** id-cmc-regInfo, RFC 5272 section 6.11: octets that client and server have agreed on. */
  registrationInfo: oid('1.3.6.1.5.5.7.7.18'),
} as const satisfies Record<string, Oid>

/** What registration information of ours begins with. A UUID under 2.25 (X.667 section 7): registered nowhere. */
export const registrationTypes = {
  /** How a device says that it made a key. */
  keyMaking: oid('2.25.275942445337754692149345140122746518050'),
} as const satisfies Record<string, Oid>

/** RFC 5652 content types, and later ones. */
export const contentTypes = {
  data: oid('1.2.840.113549.1.7.1'),
  signedData: oid('1.2.840.113549.1.7.2'),
  envelopedData: oid('1.2.840.113549.1.7.3'),
  /** RFC 5083. */
  authEnvelopedData: oid('1.2.840.113549.1.9.16.1.23'),
  /** id-ct-TSTInfo, RFC 3161 section 2.4.2. */
  timeStamp: oid('1.2.840.113549.1.9.16.1.4'),
  /** RFC 5958: an AsymmetricKeyPackage. */
  keyPackage: oid('2.16.840.1.101.2.1.2.78.5'),
} as const satisfies Record<string, Oid>

/** otherName types: RFC 4108, RFC 4043. */
export const otherNames = {
  permanentIdentifier: oid('1.3.6.1.5.5.7.8.3'),
  hardwareModuleName: oid('1.3.6.1.5.5.7.8.4'),
} as const satisfies Record<string, Oid>

/** RFC 5280 4.2.1.12 and later key purposes that devices use. */
export const keyPurposes = {
  anyExtendedKeyUsage: oid('2.5.29.37.0'),
  serverAuth: oid('1.3.6.1.5.5.7.3.1'),
  clientAuth: oid('1.3.6.1.5.5.7.3.2'),
  codeSigning: oid('1.3.6.1.5.5.7.3.3'),
  emailProtection: oid('1.3.6.1.5.5.7.3.4'),
  timeStamping: oid('1.3.6.1.5.5.7.3.8'),
  ocspSigning: oid('1.3.6.1.5.5.7.3.9'),
  /** id-kp-cmcRA, RFC 6402 section 2.10. */
  cmcRA: oid('1.3.6.1.5.5.7.3.28'),
  /** id-kp-updatePackageSigning, RFC 9809 section 3. */
  updatePackageSigning: oid('1.3.6.1.5.5.7.3.43'),
  /** tcg-kp-AIKCertificate: a key that attests, TCG EK Credential Profile. */
  tcgAttestationKey: oid('2.23.133.8.3'),
} as const satisfies Record<string, Oid>

/** What a TPM's own keys are certified for (TCG); nothing of ours is issued for them. */
export const tpmKeyPurposes = {
  /** tcg-kp-EKCertificate. */
  endorsement: oid('2.23.133.8.1'),
  /** tcg-kp-AIKCertificate. */
  attestation: oid('2.23.133.8.3'),
} as const satisfies Record<string, Oid>

/** Attributes by which a TPM is named: TCG EK Credential Profile, section 3.1. */
export const tpmAttributes = {
  manufacturer: oid('2.23.133.2.1'),
  model: oid('2.23.133.2.2'),
  version: oid('2.23.133.2.3'),
} as const satisfies Record<string, Oid>

/** RFC 5280 4.2.2 access methods. */
export const accessMethods = {
  ocsp: oid('1.3.6.1.5.5.7.48.1'),
  caIssuers: oid('1.3.6.1.5.5.7.48.2'),
  timeStamping: oid('1.3.6.1.5.5.7.48.3'),
  caRepository: oid('1.3.6.1.5.5.7.48.5'),
} as const satisfies Record<string, Oid>

/** RFC 6960 4.2.1 and 4.4. */
export const ocspTypes = {
  basicResponse: oid('1.3.6.1.5.5.7.48.1.1'),
  nonce: oid('1.3.6.1.5.5.7.48.1.2'),
  archiveCutoff: oid('1.3.6.1.5.5.7.48.1.6'),
} as const satisfies Record<string, Oid>

/** RFC 5280 4.2.1.4. */
export const anyPolicy = oid('2.5.29.32.0')

/** Those that a format itself looks at, or a test; which are good is said by the tables of trust. */
export const algorithms = {
  /** id-alg-unsigned, RFC 9925 section 3.1: no signature is there, and none is believed. */
  unsigned: oid('1.3.6.1.5.5.7.6.36'),
  rsaEncryption: oid('1.2.840.113549.1.1.1'),
  mgf1: oid('1.2.840.113549.1.1.8'),
  rsassaPss: oid('1.2.840.113549.1.1.10'),
  sha256WithRsa: oid('1.2.840.113549.1.1.11'),
  sha384WithRsa: oid('1.2.840.113549.1.1.12'),
  sha512WithRsa: oid('1.2.840.113549.1.1.13'),
  dsa: oid('1.2.840.10040.4.1'),
  ecPublicKey: oid('1.2.840.10045.2.1'),
  ecdsaWithSha256: oid('1.2.840.10045.4.3.2'),
  ecdsaWithSha384: oid('1.2.840.10045.4.3.3'),
  ecdsaWithSha512: oid('1.2.840.10045.4.3.4'),
  ed25519: oid('1.3.101.112'),
  ed448: oid('1.3.101.113'),
  // RFC 9708 section 2.
  hssLmsHashsig: oid('1.2.840.113549.1.9.16.3.17'),
  mlDsa44: oid('2.16.840.1.101.3.4.3.17'),
  mlDsa65: oid('2.16.840.1.101.3.4.3.18'),
  mlDsa87: oid('2.16.840.1.101.3.4.3.19'),
  slhDsaSha2128s: oid('2.16.840.1.101.3.4.3.20'),
  slhDsaSha2128f: oid('2.16.840.1.101.3.4.3.21'),
  slhDsaSha2192s: oid('2.16.840.1.101.3.4.3.22'),
  slhDsaSha2192f: oid('2.16.840.1.101.3.4.3.23'),
  slhDsaSha2256s: oid('2.16.840.1.101.3.4.3.24'),
  slhDsaSha2256f: oid('2.16.840.1.101.3.4.3.25'),
  slhDsaShake128s: oid('2.16.840.1.101.3.4.3.26'),
  slhDsaShake128f: oid('2.16.840.1.101.3.4.3.27'),
  slhDsaShake192s: oid('2.16.840.1.101.3.4.3.28'),
  slhDsaShake192f: oid('2.16.840.1.101.3.4.3.29'),
  slhDsaShake256s: oid('2.16.840.1.101.3.4.3.30'),
  slhDsaShake256f: oid('2.16.840.1.101.3.4.3.31'),
  mlKem512: oid('2.16.840.1.101.3.4.4.1'),
  mlKem768: oid('2.16.840.1.101.3.4.4.2'),
  mlKem1024: oid('2.16.840.1.101.3.4.4.3'),
  sha1: oid('1.3.14.3.2.26'),
  sha256: oid('2.16.840.1.101.3.4.2.1'),
  sha384: oid('2.16.840.1.101.3.4.2.2'),
  sha512: oid('2.16.840.1.101.3.4.2.3'),
  pbes2: oid('1.2.840.113549.1.5.13'),
  pbkdf2: oid('1.2.840.113549.1.5.12'),
  scrypt: oid('1.3.6.1.4.1.11591.4.11'),
  hmacWithSha256: oid('1.2.840.113549.2.9'),
  hmacWithSha384: oid('1.2.840.113549.2.10'),
  hmacWithSha512: oid('1.2.840.113549.2.11'),
  aes128Cbc: oid('2.16.840.1.101.3.4.1.2'),
  aes192Cbc: oid('2.16.840.1.101.3.4.1.22'),
  aes256Cbc: oid('2.16.840.1.101.3.4.1.42'),
  aes256Wrap: oid('2.16.840.1.101.3.4.1.45'),
  rsaesOaep: oid('1.2.840.113549.1.1.7'),
  ecdhSha256Kdf: oid('1.3.132.1.11.1'),
} as const satisfies Record<string, Oid>
