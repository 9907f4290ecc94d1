// SPDX-License-Identifier: Apache-2.0
/** A thread that reads: each request is one statement with its values, each answer all its rows. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { sqliteFault } from '../sqlite-fault.ts'
import { openReading, Statements } from './open-reading.ts'
import type { ReadReply, ReadRequest } from './reader.ts'

if (parentPort === null) throw new Error('this file is a thread of the store')
answerReads(parentPort, workerData.file)

function answerReads(port: MessagePort, file: string) {
  let statements: Statements | undefined
  const tell = (reply: ReadReply) => port.postMessage(reply)
  port.on('message', (request: ReadRequest) => {
    if (request === null) {
      statements?.database.close()
      port.close()
      return
    }
    try {
      statements ??= new Statements(openReading(file))
      tell({ rows: statements.all(request.sql, request.values) })
    } catch (error) {
      const { code, message } = sqliteFault(error, 'read the ledger')
      tell({ fault: { code, message } })
    }
  })
}
