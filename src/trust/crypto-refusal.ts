// SPDX-License-Identifier: Apache-2.0

/** Whether `node:crypto` threw because OpenSSL did not accept what it was given; anything else is a break. */
export function isCryptoRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_OSSL_')
  )
}
