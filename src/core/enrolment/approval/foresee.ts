// SPDX-License-Identifier: Apache-2.0

import { type Draft, draft } from '#core/authority/draft.ts'
import { lint } from '#core/authority/issue.ts'
import { signerOf } from '#core/enrolment/certify.ts'
import type { Door } from '#core/enrolment/doors.ts'
import type { EnrolmentPorts } from '#core/enrolment/enrolment-ports.ts'
import { judge } from '#core/enrolment/judge.ts'
import { readRequest } from '#core/enrolment/read.ts'
import { Fault } from '#core/fault.ts'
import type { PendingRequest } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { provePossession } from '#trust/possession.ts'
import { refuse } from '#trust/refusal.ts'

/** What a waiting request would lead to if it were answered now. */
export interface Foreseen {
  readonly kind: 'foreseen'
  readonly door: Door
  /** Linted without an error; nothing is booked and nothing signed. */
  readonly draft: Draft
}

/** Asks policy and lint again about a request on the list, as its device will when it comes back. */
export async function foresee(
  record: PendingRequest,
  ports: EnrolmentPorts,
): Promise<Foreseen | Refused> {
  const [device, entrance] = await Promise.all([
    ports.ledger.read('device', record.device),
    ports.ledger.read('entrance', record.entrance),
  ])
  if (device === undefined || entrance === undefined)
    throw new Fault('ledger-damaged', `request ${record.id} names what is not there`)
  const door = ports.doors.labelled(entrance.label)
  if ('kind' in door) return door
  const read = readRequest(record.request)
  if (read.kind === 'refused') return read
  const possession = await provePossession(read.request)
  if (possession.kind === 'refused') return possession
  const current = await currentOf(record, ports)
  if (current !== undefined && current.record.state !== 'issued')
    return refuse(
      'certificate-revoked',
      `the certificate that proved it is ${current.record.state}`,
    )
  const { proof, operation } = record
  const judged = await judge(possession.proved, { device, proof, operation, current, door }, ports)
  if (judged.verdict.kind === 'refused') return judged.verdict
  const signer = signerOf(judged.host)
  // Which shard it will be is settled at issue, so that looking uses up none.
  const drafted = draft(judged.verdict.approved, signer, 0, ports)
  return lint(drafted, signer) ?? { kind: 'foreseen', door, draft: drafted }
}

async function currentOf({ credential }: PendingRequest, { ledger }: EnrolmentPorts) {
  if (!credential.startsWith('crt_')) return undefined
  const [record, encoding] = await Promise.all([
    ledger.read('certificate', credential),
    ledger.read('encoding', credential),
  ])
  if (record === undefined || encoding === undefined)
    throw new Fault('ledger-damaged', `certificate ${credential} is not there`)
  return { record, certificate: parseCertificate(encoding.der) }
}
