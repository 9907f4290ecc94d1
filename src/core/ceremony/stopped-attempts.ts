// SPDX-License-Identifier: Apache-2.0
import type { TranscriptEntry } from '#format/ceremony/transcript.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import { checkTranscript } from './check-transcript.ts'

/** How the parts of a bundle are named that hold transcripts of attempts which came to no end. */
export const stoppedPart = (number: number) => `stopped-${number}`
const stoppedName = /^stopped-\d{1,2}$/

/** The transcript of an attempt that came to no end; undefined for bytes that are none. */
export function readStopped(bytes: Uint8Array): readonly TranscriptEntry[] | undefined {
  const first = /"previous":"([0-9a-f]{64})"/.exec(
    new TextDecoder().decode(bytes.subarray(0, 4096)),
  )
  const read = checkTranscript(bytes, first?.[1] ?? '')
  return read.kind === 'sound' ? read.entries : undefined
}

/** What the attempts before an act told, which its bundle carries. */
export function stoppedAttempts(
  parts: ReadonlyMap<string, Uint8Array>,
): readonly (readonly TranscriptEntry[])[] | Refused {
  const attempts: (readonly TranscriptEntry[])[] = []
  for (const [name, bytes] of parts) {
    if (!stoppedName.test(name)) continue
    const entries = readStopped(bytes)
    if (entries === undefined) return refuse('transcript-changed', `part ${name} is no transcript`)
    attempts.push(entries)
  }
  return attempts
}
