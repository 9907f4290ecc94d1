// SPDX-License-Identifier: Apache-2.0

/** Whether the text is so many octets in hexadecimal. */
export function isHexOf(text: string, octets: number): boolean {
  return text.length === 2 * octets && /^[0-9a-fA-F]*$/.test(text)
}
