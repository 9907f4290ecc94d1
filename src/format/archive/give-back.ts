// SPDX-License-Identifier: Apache-2.0

/** An array that is no larger may be one that many share. */
const mostSharedOctets = 65_535

/**
 * Gives the memory of octets back at once that nobody reads any more: the collector does not count what lies outside
 * of its heap, and lets 60 MB of a stream of gigabytes wait. Nothing happens to a part of something larger.
 *
 * The caller MUST be the only one who has them.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  const isWhole = buffer.byteLength === byteLength && byteLength > mostSharedOctets
  if (isWhole && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
