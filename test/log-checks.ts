// SPDX-License-Identifier: Apache-2.0
/** How the tests of the log's export ask and read the verifier. */

import { encodeNoteKey } from '#format/tlog/note-key.ts'
import type { FindingCode } from '#trust/tlog/export/findings.ts'
import {
  type Verification,
  type VerifyExportOptions,
  verifyExport,
} from '#trust/tlog/verify-export.ts'
import { log } from './log-house.ts'

export const key = encodeNoteKey(log.key)

export async function verifyBytes(bytes: Uint8Array, options: VerifyExportOptions = { key }) {
  async function* stream() {
    yield bytes
  }
  return verifyExport(stream(), options)
}

export function verify(lines: readonly string[], options: VerifyExportOptions = { key }) {
  return verifyBytes(new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')), options)
}

export function codes({ findings }: Verification): FindingCode[] {
  return [...new Set(findings.map(({ code }) => code))].sort()
}

/** Whether a finding names it, as what it is about or in its detail. */
export function names({ findings }: Verification, name: string): boolean {
  return findings.some(({ about, detail }) =>
    `${about} | ${detail}`.match(new RegExp(`\\b${name}\\b`)),
  )
}
