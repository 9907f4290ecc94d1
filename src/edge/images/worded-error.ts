// SPDX-License-Identifier: Apache-2.0
import type { Compression } from '#format/archive/archive.ts'
import { FormatError } from '#format/format-error.ts'

/** What node:zlib says, as what is wrong with the octets; another error is not about them, and stays what it is. */
export function wordedError(error: unknown, compression: Compression, at: number): unknown {
  if (!(error instanceof Error) || error instanceof FormatError || !('code' in error)) return error
  const { code } = error
  if (code === 'ERR_BUFFER_TOO_LARGE') return new FormatError('too-large', at, compression)
  if (code === 'Z_BUF_ERROR') return new FormatError('truncated', at, compression)
  if (typeof code === 'string' && /^(?:Z|ZSTD_error)_/.test(code))
    return new FormatError('value-not-allowed', at, `${compression}: ${error.message}`)
  return error
}
