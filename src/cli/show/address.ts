// SPDX-License-Identifier: Apache-2.0

/** The operators' address as a person types it, and as the server's start prints it: browsers take cookies by name. */
export function browserAddress(address: string): string {
  return address.replace('127.0.0.1', 'localhost')
}
