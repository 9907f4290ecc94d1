// SPDX-License-Identifier: Apache-2.0

/**
 * The second at which a serial number of ours was drawn, on from `since`.
 *
 * Sixteen octets of which the first two bits are 01, and the next 30 the last bits of the time: they begin anew
 * after 34 years, so what comes out is the first such second that is not before `since`.
 *
 * @param since seconds since 1970
 * @returns seconds after `since`, below 2^30; undefined for serial numbers of any other form
 */
export function secondsAfter(since: number, serial: Uint8Array): number | undefined {
  if (serial.length !== 16 || serial[0]! >>> 6 !== 1) return undefined
  const drawn = new DataView(serial.buffer, serial.byteOffset).getUint32(0) & 0x3fff_ffff
  return (drawn - (since % 0x4000_0000) + 0x4000_0000) % 0x4000_0000
}
