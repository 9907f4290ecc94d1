// SPDX-License-Identifier: Apache-2.0
/** A thread that assesses one sequence, so that who waits sees how far it is. */
import { parentPort, workerData } from 'node:worker_threads'
import { type Assessment, assess } from '#trust/entropy/assess/assess.ts'

export interface AssessRequest {
  readonly samples: Uint8Array
  readonly symbolBits: number
}

export type AssessReply = { readonly step: string } | { readonly assessment: Assessment }

const port = parentPort
if (port === null) throw new Error('this file is a thread of the command line')
const { samples, symbolBits } = workerData as AssessRequest
const tell = (reply: AssessReply) => port.postMessage(reply)
tell({ assessment: assess(samples, symbolBits, (step) => tell({ step })) })
