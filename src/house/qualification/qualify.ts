// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '#core/audit/event.ts'
import type { LogSigner } from '#core/audit/sequencer.ts'
import type {
  QualificationFile,
  QualificationLine,
  QualificationResult,
} from '#format/admin/operations/qualification.ts'
import { FormatError } from '#format/format-error.ts'
import { encodeCanonicalJson, type Json } from '#format/tlog/canonical-json.ts'
import { sha256 } from '#trust/digest.ts'
import { type Refused, refuse } from '#trust/refusal.ts'
import { signNote, verifyNote } from '#trust/tlog/note.ts'
import type { Core } from '../core.ts'
import type { HouseFacts } from '../verbs/status.ts'
import { type Check, runChecks, type Step } from './step.ts'

/** What the checks look at and act on. */
export interface QualificationParts {
  readonly core: Core
  readonly facts: HouseFacts
  readonly signer: LogSigner
  /** Verifies the whole log against the ledger, as of now. */
  verifyLog(): Promise<{ readonly good: boolean; readonly size: number; readonly findings: number }>
  /** The types of the latest events about a record. */
  eventsAbout(subject: string): Promise<readonly string[]>
}

/** Runs the checks, tells each, books the run, and gives the signed file last. */
export async function* qualify(
  kind: QualificationResult['kind'],
  checks: readonly Check[],
  actor: Actor,
  parts: QualificationParts,
): AsyncGenerator<QualificationLine> {
  const { core, facts, signer } = parts
  const startedAt = core.clock.now().toString()
  const steps: Step[] = []
  for await (const step of runChecks(checks, core.clock)) {
    steps.push(step)
    yield { kind: 'step', step }
  }
  const count = (verdict: Step['verdict']) => steps.filter((one) => one.verdict === verdict).length
  const result: QualificationResult = {
    format: 'vitalsign-qualification-1',
    ...{ kind, installation: signer.key.name, version: facts.version },
    ...{ environment: core.environment, by: `${actor.kind} ${actor.id}` },
    ...{ startedAt, endedAt: core.clock.now().toString() },
    ...{ passed: count('passed'), failed: count('failed'), noted: count('noted'), steps },
  }
  const digest = digestOf(result)
  await core.ledger.commit({
    puts: [],
    events: [
      {
        type: 'qualification-run',
        at: core.clock.now(),
        actor,
        subjects: [],
        facts: { kind, passed: result.passed, failed: result.failed, sha256: digest },
      },
    ],
  })
  const note = await signNote(noteText(kind, digest), signer.key, (bytes) => signer.sign(bytes))
  yield { kind: 'file', file: { result, note } }
}

/** Whether the key of this log signed exactly this result. */
export function checkQualification(
  { result, note }: QualificationFile,
  { key }: LogSigner,
): { readonly kind: 'good' } | Refused<'signature-wrong'> {
  try {
    const verified = verifyNote(note, key)
    if (verified.kind === 'refused') return refuse('signature-wrong', verified.detail)
    return verified.text === noteText(result.kind, digestOf(result))
      ? { kind: 'good' }
      : refuse('signature-wrong', 'the signature is good, but over another result')
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('signature-wrong', `the note cannot be read: ${error.message}`)
  }
}

/** Its first line is no log's origin, so that it can never be taken for a checkpoint. */
function noteText(kind: string, digest: string): string {
  return `vitalsign-qualification/v1\n${kind}\n${digest}\n`
}

function digestOf(result: QualificationResult): string {
  const json: Json = { ...result, steps: result.steps.map((step) => ({ ...step })) }
  return sha256(new TextEncoder().encode(encodeCanonicalJson(json))).toHex()
}
