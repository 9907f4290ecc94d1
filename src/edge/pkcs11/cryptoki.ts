// SPDX-License-Identifier: Apache-2.0
/**
 * The numbers of PKCS #11 3.2 that are used here, by their names without the prefix. They stand here and are
 * not taken from the library, which only the module's own process loads, and which knows 2.40 alone.
 */

/** CKO_ */
export const objectClass = { publicKey: 2, privateKey: 3 } as const

/** CKK_ */
export const keyType = { rsa: 0, ec: 3, ecEdwards: 0x40, mlDsa: 0x4a } as const

/** CKM_ */
export const mechanism = {
  rsaPkcsKeyPairGen: 0x0,
  rsaPkcs: 0x1,
  rsaPkcsPss: 0xd,
  mlDsaKeyPairGen: 0x1c,
  mlDsa: 0x1d,
  sha256: 0x250,
  sha384: 0x260,
  sha512: 0x270,
  ecKeyPairGen: 0x1040,
  ecdsa: 0x1041,
  ecEdwardsKeyPairGen: 0x1055,
  eddsa: 0x1057,
} as const

/** CKG_: the mask of RSASSA-PSS. */
export const mask = { sha256: 2, sha384: 3, sha512: 4 } as const

/** CKA_ */
export const attribute = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  value: 0x11,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  decrypt: 0x105,
  unwrap: 0x107,
  sign: 0x108,
  signRecover: 0x109,
  verify: 0x10a,
  derive: 0x10c,
  modulus: 0x120,
  modulusBits: 0x121,
  publicExponent: 0x122,
  extractable: 0x162,
  local: 0x163,
  neverExtractable: 0x164,
  alwaysSensitive: 0x165,
  modifiable: 0x170,
  ecParams: 0x180,
  ecPoint: 0x181,
  parameterSet: 0x61d,
} as const

/** CKF_, of slots, tokens, sessions and mechanisms. */
export const flag = {
  hardwareSlot: 0x4,
  protectedAuthenticationPath: 0x100,
  tokenInitialized: 0x400,
  userPinCountLow: 0x10000,
  userPinFinalTry: 0x20000,
  userPinLocked: 0x40000,
  serialSession: 0x4,
  readWriteSession: 0x2,
  hardwareMechanism: 0x1,
  libraryLocksWithTheSystem: 0x2,
} as const

/** CKU_USER */
export const userRole = 1

/** CKR_, by number: those after which something else has to be done than to open the token anew. */
export const returnValue = {
  pinIncorrect: 0xa0,
  pinInvalid: 0xa1,
  pinLengthRange: 0xa2,
  pinExpired: 0xa3,
  pinLocked: 0xa4,
  userAlreadyLoggedIn: 0x100,
  userPinNotInitialized: 0x102,
  dataInvalid: 0x20,
  dataLengthRange: 0x21,
  keySizeRange: 0x62,
  keyTypeInconsistent: 0x63,
  keyFunctionNotPermitted: 0x68,
  mechanismInvalid: 0x70,
  mechanismParameterInvalid: 0x71,
  attributeReadOnly: 0x10,
  attributeTypeInvalid: 0x12,
  attributeValueInvalid: 0x13,
  templateIncomplete: 0xd0,
  templateInconsistent: 0xd1,
} as const
