// SPDX-License-Identifier: Apache-2.0

/** Where the page finds the token: behind the hash, which no browser sends and no log writes. */
export function claimPath(token: string): string {
  return `/#claim=${token}`
}

export function joinPath(token: string): string {
  return `/#join=${token}`
}
