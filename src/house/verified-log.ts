// SPDX-License-Identifier: Apache-2.0
import { exportLog } from '#core/audit/export-log.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import type { SequencerPorts } from '#core/audit/sequencer.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import { sequenceAnywhere } from './log-runner.ts'

/** The log with its ledger as one file, in pieces, numbered up to now. */
export function exportedLog(store: LogStore, sequencer: SequencerPorts): AsyncIterable<Uint8Array> {
  const sequence = () => sequenceAnywhere(sequencer)
  return exportLog({ store, signer: sequencer.signer, sequence })
}

/** What the offline verifier says of the log as it is now; `since` is an earlier checkpoint. */
export function verifiedLog(
  store: LogStore,
  sequencer: SequencerPorts,
  since?: string,
): ReturnType<typeof verifyExport> {
  const key = encodeNoteKey(sequencer.signer.key)
  return verifyExport(exportedLog(store, sequencer), { key, ...(since !== undefined && { since }) })
}
