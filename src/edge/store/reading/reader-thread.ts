// SPDX-License-Identifier: Apache-2.0
/** A thread that reads: each question is one statement with its values, each answer all its rows. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { sqliteFault } from '../sqlite-fault.ts'
import { openReading, Statements } from './open-reading.ts'
import type { Question, ReadReply, ReadRequest } from './reader.ts'

if (parentPort === null) throw new Error('this file is a thread of the store')
answerReads(parentPort, workerData.file)

function answerReads(port: MessagePort, file: string) {
  let statements: Statements | undefined
  const answer = ({ sql, values }: Question): ReadReply => {
    try {
      statements ??= new Statements(openReading(file))
      return { rows: statements.all(sql, values) }
    } catch (error) {
      const { code, message } = sqliteFault(error, 'read the ledger')
      return { fault: { code, message } }
    }
  }
  port.on('message', (request: ReadRequest) => {
    if (request === null) {
      statements?.database.close()
      port.close()
      return
    }
    port.postMessage(request.map(answer))
  })
}
