// SPDX-License-Identifier: Apache-2.0
/** One part of a disk, in octets from its beginning. */
export interface Partition {
  readonly name: string
  readonly offset: number
  readonly size: number
  /** What the table says that it is: a number, or a GUID. */
  readonly type: string
}

export const sectorOctets = 512
