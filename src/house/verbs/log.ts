// SPDX-License-Identifier: Apache-2.0
import { readHistory } from '#core/audit/history.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import type { SequencerPorts } from '#core/audit/sequencer.ts'
import type { Restore } from '#core/recovery/epoch.ts'
import type { Refused } from '#core/refusal.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { FormatError } from '#format/format-error.ts'
import { rawLines } from '#format/tlog/export/raw-lines.ts'
import { refuse } from '#trust/refusal.ts'
import { findingCodes } from '#trust/tlog/export/findings.ts'
import { exportedLog, verifiedLog } from '../verified-log.ts'
import { showEvent } from './history.ts'

type LogVerbs = Pick<Verbs, 'log.export' | 'log.show' | 'log.verify'>

/** What an auditor asks of the log. */
export function logVerbs(
  store: LogStore,
  sequencer: SequencerPorts,
  restores: readonly Restore[],
): LogVerbs {
  return {
    'log.show': async ({ subject, type, limit, after }) => {
      if (after !== undefined && !/^\d{1,15}$/.test(after)) {
        return refuse('input-wrong', `after: "${after}" is no cursor of this list`)
      }
      const before = after === undefined ? undefined : Number(after)
      const page = await readHistory({ subject, type, limit, before }, store)
      return {
        items: page.events.map((event) => showEvent(event, restores)),
        next: page.before?.toString() ?? null,
      }
    },

    'log.verify': async ({ since }) => {
      const verified = await verifiedLog(store, sequencer, since).catch(noCheckpoint)
      if ('reason' in verified) return verified
      const { checkpoint } = await store.head()
      return {
        good: verified.intact,
        size: verified.events,
        rootSha256: verified.checkpoint?.root.toHex() ?? '',
        checkpoint: checkpoint?.note ?? '',
        findings: verified.findings.map(({ code, about, detail, severity }) => ({
          index: null,
          finding: `${severity}: ${about}: ${findingCodes[code]} (${detail})`,
        })),
      }
    },

    'log.export': async () => linesOf(exportedLog(store, sequencer)),
  }
}

/** Of all that is verified only `since` comes from outside. */
function noCheckpoint(cause: unknown): Refused {
  if (!(cause instanceof FormatError)) throw cause
  return refuse('input-wrong', `since: is no signed checkpoint: ${cause.message}`)
}

/** Each line's JSON, with its members in the order that the verifier demands. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  for await (const line of rawLines(chunks)) if (line.kind === 'text') yield JSON.parse(line.text)
}
