// SPDX-License-Identifier: Apache-2.0
/** How a qualification result is signed: a note over its digest, by the key of the log. */
import type {
  QualificationFile,
  QualificationResult,
} from '#format/admin/operations/qualification.ts'
import { FormatError } from '#format/format-error.ts'
import { encodeCanonicalJson, type Json } from '#format/tlog/canonical-json.ts'
import type { NoteKey } from '#format/tlog/note-key.ts'
import { sha256 } from './digest.ts'
import { type Refused, refuse } from './refusal.ts'
import { verifyNote } from './tlog/note.ts'

/** SHA-256 of the result as canonical JSON, in hexadecimal. */
export function qualificationDigest(result: QualificationResult): string {
  const json: Json = { ...result, steps: result.steps.map((step) => ({ ...step })) }
  return sha256(new TextEncoder().encode(encodeCanonicalJson(json))).toHex()
}

/** What is signed. Its first line is no log's origin, so that it can never be taken for a checkpoint. */
export function qualificationText(result: QualificationResult): string {
  return `vitalsign-qualification/v1\n${result.kind}\n${qualificationDigest(result)}\n`
}

/** Whether this key signed exactly this result. */
export function checkQualification(
  { result, note }: QualificationFile,
  key: NoteKey,
): { readonly kind: 'good' } | Refused<'signature-wrong'> {
  try {
    const verified = verifyNote(note, key)
    if (verified.kind === 'refused') return refuse('signature-wrong', verified.detail)
    return verified.text === qualificationText(result)
      ? { kind: 'good' }
      : refuse('signature-wrong', 'the signature is good, but over another result')
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('signature-wrong', `the note cannot be read: ${error.message}`)
  }
}
