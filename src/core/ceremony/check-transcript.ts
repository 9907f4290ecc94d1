// SPDX-License-Identifier: Apache-2.0
import {
  parseTranscript,
  type TranscriptEntry,
  type TranscriptLine,
} from '#format/ceremony/transcript.ts'
import { FormatError } from '#format/format-error.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'

export interface SoundTranscript {
  readonly kind: 'sound'
  readonly entries: readonly TranscriptEntry[]
  /** Of the last line, hexadecimal: stands for all of it. */
  readonly head: string
}

/** What names a line of a transcript: SHA-256 of its bytes without the line's end. */
export function lineDigest(text: string): string {
  return sha256(new TextEncoder().encode(text)).toHex()
}

/**
 * Whether each line of a transcript names the one before it, from the end of the act before.
 *
 * @param previous the head of the act before, hexadecimal; empty for the first act
 */
export function checkTranscript(bytes: Uint8Array, previous: string): SoundTranscript | Refused {
  let lines: readonly TranscriptLine[]
  try {
    lines = parseTranscript(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof TypeError)) throw error
    return refuse('transcript-changed', `the transcript does not read: ${error.message}`)
  }
  let before = previous
  for (const { entry, text } of lines) {
    if (entry.previous !== before) {
      return refuse(
        'transcript-changed',
        `line ${entry.number} of the transcript names ${short(entry.previous)} before it, ${short(before)} stands there`,
      )
    }
    before = lineDigest(text)
  }
  if (lines.length === 0) return refuse('transcript-changed', 'the transcript has no line')
  return { kind: 'sound', entries: lines.map(({ entry }) => entry), head: before }
}

function short(digest: string): string {
  return digest === '' ? 'nothing' : `${digest.slice(0, 12)}…`
}
