// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '#core/audit/event.ts'
import type { LogSigner } from '#core/audit/sequencer.ts'
import type {
  QualificationLine,
  QualificationResult,
} from '#format/admin/operations/qualification.ts'
import { qualificationDigest, qualificationText } from '#trust/qualification-note.ts'
import { signNote } from '#trust/tlog/note.ts'
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
  const digest = qualificationDigest(result)
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
  const note = await signNote(qualificationText(result), signer.key, (bytes) => signer.sign(bytes))
  yield { kind: 'file', file: { result, note } }
}
