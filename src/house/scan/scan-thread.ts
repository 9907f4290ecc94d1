// SPDX-License-Identifier: Apache-2.0
/** A thread that scans: each request is a batch of files, each answer what was found in them. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Finders } from '#core/scan/finding.ts'
import type { NotScannedReason } from '#core/scan/not-scanned.ts'
import type { WalkReporter } from '#core/scan/walk/scope.ts'
import { Walk, type WalkSetup } from '#core/scan/walk/walk.ts'
import { archiveTools } from '#edge/images/tools.ts'
import { archiveForms } from '#format/archive/forms.ts'
import { firmwareForms } from '#format/firmware/forms.ts'
import { unopenedForms } from '#format/firmware/unopened.ts'
import { Board } from './board.ts'
import { openScanned, Windows } from './scanned-file.ts'
import { TemporarySpool } from './temporary-spool.ts'
import {
  addCounts,
  type Batch,
  type BatchResult,
  type Found,
  type ListedFile,
  noCounts,
  type ScanCounts,
  type ThreadSetup,
} from './thread-protocol.ts'

if (parentPort === null) throw new Error('this file is a thread of the house')
await answer(parentPort, workerData)

async function answer(port: MessagePort, setup: ThreadSetup) {
  const board = new Board(setup.board)
  const module: FinderExports = await import(setup.finders.url)
  const walkSetup: WalkSetup = {
    forms: [...firmwareForms, ...archiveForms],
    unopened: unopenedForms,
    finders: [module.openFinders(setup.finders.options).open],
    tools: { ...archiveTools('at-once'), spool: () => new TemporarySpool() },
    budgets: setup.budgets,
    pressed() {
      board.beat(setup.number)
      return board.pressed
    },
  }
  const windows = new Windows()
  port.postMessage('ready')
  let queue = Promise.resolve()
  port.on('message', (batch: Batch) => {
    queue = queue.then(async () => {
      port.postMessage(await scanBatch(batch, walkSetup, windows, board, setup.number))
    })
  })
}

interface FinderExports {
  openFinders(options: unknown): Finders
}

async function scanBatch(
  batch: Batch,
  setup: WalkSetup,
  windows: Windows,
  board: Board,
  thread: number,
): Promise<BatchResult> {
  const found: Found[] = []
  const to: WalkReporter = {
    finding: (finding) => found.push(finding),
    clue: (clue) => found.push({ ...clue, octets: clue.octets.slice() }),
    notScanned: (notScanned) => found.push(notScanned),
  }
  const counts = noCounts()
  for (const [index, file] of batch.files.entries()) {
    board.begin(thread, index)
    board.beat(thread)
    await scanFile(file, setup, windows, to, counts)
  }
  return { number: batch.number, found, counts }
}

async function scanFile(
  file: ListedFile,
  setup: WalkSetup,
  windows: Windows,
  to: WalkReporter,
  counts: ScanCounts,
): Promise<void> {
  const tell = (reason: NotScannedReason, because: string) =>
    to.notScanned({ kind: 'not-scanned', reason, path: [file.name], offset: null, because })
  let opened: ReturnType<typeof openScanned>
  try {
    opened = openScanned(file.path, windows)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENOENT') tell('gone', 'it is not there any more')
    else if (code === 'ELOOP') tell('changed', 'it became a link while the directory was read')
    else tell('unreadable', `it cannot be opened: the system says ${code}`)
    return
  }
  if (opened === undefined) return tell('changed', 'it is no file any more')
  const walk = new Walk(file.name, opened.source, setup, to)
  try {
    await walk.run()
  } finally {
    if (opened.close() === 'changed')
      tell('changed', 'somebody wrote to it while it was read: what was found may not be all')
    addCounts(counts, { files: 1, ...walk.counts })
  }
}
