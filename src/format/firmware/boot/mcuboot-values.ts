// SPDX-License-Identifier: Apache-2.0
/** What the trailer values of MCUboot (its TLVs) mean, and where each may stand. */

/**
 * `bare`: in the area that no signature covers; it is what MCUboot lets stand there with MCUBOOT_USE_TLV_ALLOW_LIST.
 * `protected`: in the area that every signature covers.
 */
export type McubootArea = 'bare' | 'protected'

export interface McubootValueRow {
  readonly type: number
  readonly area: McubootArea
  /** For people. */
  readonly title: string
  /** It may stand more than once in its area. */
  readonly many?: true
}

/** @see MCUboot boot/bootutil/include/bootutil/image.h, IMAGE_TLV_… */
export const mcubootValues = {
  keyHash: { type: 0x01, area: 'bare', title: 'digest of a public key', many: true },
  publicKey: { type: 0x02, area: 'bare', title: 'public key', many: true },
  sha256: { type: 0x10, area: 'bare', title: 'SHA-256' },
  sha384: { type: 0x11, area: 'bare', title: 'SHA-384' },
  sha512: { type: 0x12, area: 'bare', title: 'SHA-512' },
  rsa2048: { type: 0x20, area: 'bare', title: 'signature, RSA-2048 PSS', many: true },
  ecdsa: { type: 0x22, area: 'bare', title: 'signature, ECDSA', many: true },
  rsa3072: { type: 0x23, area: 'bare', title: 'signature, RSA-3072 PSS', many: true },
  ed25519: { type: 0x24, area: 'bare', title: 'signature, Ed25519', many: true },
  pure: { type: 0x25, area: 'bare', title: 'mark of a signature over the image itself' },
  encryptedByRsa: { type: 0x30, area: 'bare', title: 'image key, RSA-2048' },
  encryptedByKw: { type: 0x31, area: 'bare', title: 'image key, AES key wrap' },
  encryptedByEc256: { type: 0x32, area: 'bare', title: 'image key, ECIES P-256' },
  encryptedByX25519: { type: 0x33, area: 'bare', title: 'image key, ECIES X25519' },
  encryptedByX25519Sha512: { type: 0x34, area: 'bare', title: 'image key, ECIES X25519, SHA-512' },
  dependency: { type: 0x40, area: 'protected', title: 'dependency', many: true },
  securityCounter: { type: 0x50, area: 'protected', title: 'security counter' },
  bootRecord: { type: 0x60, area: 'protected', title: 'boot record' },
  unpackedSize: { type: 0x70, area: 'protected', title: 'size when unpacked' },
  unpackedSha: { type: 0x71, area: 'protected', title: 'digest when unpacked' },
  unpackedSignature: { type: 0x72, area: 'protected', title: 'signature when unpacked' },
  compressedSize: { type: 0x73, area: 'protected', title: 'size when deciphered' },
  vendorId: { type: 0x74, area: 'protected', title: 'vendor id' },
  classId: { type: 0x75, area: 'protected', title: 'class id' },
} as const satisfies Record<string, McubootValueRow>

export type McubootValueName = keyof typeof mcubootValues

const byType = new Map<number, McubootValueRow>(
  Object.values(mcubootValues).map((row) => [row.type, row]),
)

/** Undefined: neither MCUboot's nor in a maker's range. */
export function mcubootValueRow(type: number): McubootValueRow | undefined {
  const row = byType.get(type)
  if (row !== undefined || !isVendorValue(type)) return row
  return { type, area: 'protected', title: "maker's value" }
}

/** 0x00a0 to 0xfffe whose low octet is 0xa0 or more: MCUboot leaves them to makers. */
export function isVendorValue(type: number): boolean {
  return type >= 0x00a0 && type <= 0xfffe && (type & 0xff) >= 0xa0
}
