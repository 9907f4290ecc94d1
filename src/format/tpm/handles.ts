// SPDX-License-Identifier: Apache-2.0
/** TPM_RH and the handles that the TCG registered. Part 2 section 7.4, TCG Registry of Reserved TPM 2.0 Handles. */

export const hierarchies = {
  owner: 0x4000_0001,
  null: 0x4000_0007,
  endorsement: 0x4000_000b,
  platform: 0x4000_000c,
} as const

export type Hierarchy = keyof typeof hierarchies

/** TPM_RS_PW: the authorisation is a password, in the clear. */
export const passwordSession = 0x4000_0009

/** Whether a handle lasts over a restart: TPM_HT_PERSISTENT. */
export function isPersistent(handle: number): boolean {
  return handle >>> 24 === 0x81
}

/** Part 2 section 7.2: TPM_HT, the octet that says of what kind a handle is. */
export const firstHandleOf = {
  'nv-index': 0x0100_0000,
  'loaded-session': 0x0200_0000,
  transient: 0x8000_0000,
  persistent: 0x8100_0000,
} as const

/** `0x81000001`. */
export function shownHandle(handle: number): string {
  return `0x${handle.toString(16).padStart(8, '0')}`
}
