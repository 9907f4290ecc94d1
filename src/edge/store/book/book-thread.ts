// SPDX-License-Identifier: Apache-2.0
/**
 * The one thread that writes. It takes all that has come in since it last looked, writes it as one
 * transaction, waits for the disk, and only then answers.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { sqliteFault } from '../sqlite-fault.ts'
import { Checkpoints } from './checkpoints.ts'
import { type LogAct, LogWriter } from './log-acts.ts'
import type { BookReply, BookRequest, BookSettings, ThreadData } from './messages.ts'
import { openBook } from './open-book.ts'
import { type Step, unpack } from './packing.ts'
import { Writer } from './writer.ts'

/** A group ends here, so that its first change does not wait for ever. */
const maxChangesInGroup = 1_000

if (parentPort === null) throw new Error('this file is a thread of the store')
keepBook(parentPort, workerData)

function keepBook(port: MessagePort, { file, settings }: ThreadData) {
  const tell = (reply: BookReply) => port.postMessage(reply)
  let answer: (group: Group) => void
  try {
    answer = answerGroups(port, tell, openBook(file, settings), file, settings)
  } catch (error) {
    tell({ kind: 'start-broken', fault: toldFault(error, 'open the ledger') })
    port.close()
    return
  }
  tell({ kind: 'ready' })
  port.on('message', (first: BookRequest) => {
    for (const group of groups(port, first)) answer(group)
  })
}

function answerGroups(
  port: MessagePort,
  tell: (reply: BookReply) => void,
  database: DatabaseSync,
  file: string,
  settings: BookSettings,
): (group: Group) => void {
  const writer = new Writer(database)
  const log = new LogWriter(database)
  const checkpoints = new Checkpoints(database, file, settings)
  return (group) => {
    if (group.kind === 'close') {
      checkpoints.end()
      database.close()
      tell({ kind: 'closed' })
      port.close()
      return
    }
    tell(group.kind === 'act' ? doAct(writer, log, group.act) : writeGroup(writer, group.changes))
    checkpoints.look(group.kind === 'act' ? 1 : group.changes.length)
  }
}

type Group =
  | { readonly kind: 'changes'; readonly changes: readonly (readonly Step[])[] }
  | Exclude<BookRequest, { kind: 'changes' }>

/** What waits at the port, with neighbouring changes put together. */
function* groups(port: MessagePort, first: BookRequest): Generator<Group> {
  let changes: (readonly Step[])[] = []
  let next: BookRequest | undefined = first
  while (next !== undefined) {
    if (next.kind === 'changes') changes.push(...unpack(next.packed))
    if (changes.length > 0 && (next.kind !== 'changes' || changes.length >= maxChangesInGroup)) {
      yield { kind: 'changes', changes }
      changes = []
    }
    if (next.kind !== 'changes') yield next
    next = receiveMessageOnPort(port)?.message
  }
  if (changes.length > 0) yield { kind: 'changes', changes }
}

function writeGroup(writer: Writer, changes: readonly (readonly Step[])[]): BookReply {
  try {
    const conflicts = writer
      .write(changes)
      .flatMap((outcome, place) => (outcome === null ? [] : [place, outcome.step, outcome.rule]))
    return { kind: 'written', count: changes.length, conflicts }
  } catch (error) {
    const fault = toldFault(error, 'write to the ledger')
    return { kind: 'changes-broken', count: changes.length, fault }
  }
}

function doAct(writer: Writer, log: LogWriter, act: LogAct): BookReply {
  try {
    return { kind: 'done', result: writer.transaction(() => log.do(act)) }
  } catch (error) {
    return { kind: 'act-broken', fault: toldFault(error, 'write to the log') }
  }
}

function toldFault(error: unknown, doing: string) {
  const { code, message } = sqliteFault(error, doing)
  return { code, message }
}
