// SPDX-License-Identifier: Apache-2.0

/**
 * The octets of base64, whose alphabet the table of operations has checked; empty where it has too few characters,
 * which whoever reads them refuses with the words of their own form.
 */
export function octetsOf(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64)
  } catch (error) {
    if (error instanceof SyntaxError) return new Uint8Array()
    throw error
  }
}
