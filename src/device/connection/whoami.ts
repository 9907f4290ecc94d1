// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Credential } from '../credential.ts'
import type { Refused } from '../refusal.ts'
import { answeredNo, type Later, parseObject, recordOf } from './answer.ts'
import type { Reply } from './exchange.ts'
import { ask, type Line } from './line.ts'

/** What the server says of the holder of a credential. */
export interface Whoami {
  readonly kind: 'known'
  /** The serial of a device, or the name of an application. */
  readonly device: string
  /** The product of a device, or the profile of an application. */
  readonly product: string
  readonly state: string
  /** Lower-case hex of the certificate that the server saw. */
  readonly serialNumber: string
  readonly notAfter: string
  /** From when the server wants it renewed, if it says so. */
  readonly renewFrom: Temporal.Instant | undefined
  /** From when it shall be renewed although its time has not come; the server gives each device its own. */
  readonly orderedFrom: Temporal.Instant | undefined
  readonly serverTime: Temporal.Instant | undefined
}

/** GET /whoami over mutual TLS. */
export async function askWhoami(
  line: Line,
  credential: Credential,
): Promise<Whoami | Refused | Later> {
  const reply = await ask(line, credential, { method: 'GET', path: '/whoami' })
  if (reply.kind === 'refused') return reply
  const no = answeredNo(reply)
  if (no?.kind === 'refused' && (reply.status === 401 || reply.status === 403)) {
    return refuse('credential-refused', no.detail)
  }
  return no ?? acceptWhoami(reply)
}

function acceptWhoami(reply: Reply): Whoami | Refused {
  const found = parseObject(new TextDecoder().decode(reply.body))
  const certificate = recordOf(found.certificate)
  const { state } = found
  const [device, product] = [found.device ?? found.application, found.product ?? found.profile]
  const { serialNumber, notAfter, renewFrom } = certificate
  if (
    typeof device !== 'string' ||
    typeof product !== 'string' ||
    typeof state !== 'string' ||
    typeof serialNumber !== 'string' ||
    typeof notAfter !== 'string'
  ) {
    return refuse('answer-malformed', 'the answer to /whoami names no device with its certificate')
  }
  return {
    kind: 'known',
    device,
    product,
    state,
    serialNumber: serialNumber.toLowerCase(),
    notAfter,
    renewFrom: instantOf(renewFrom),
    orderedFrom: instantOf(recordOf(found.renew).after),
    serverTime: reply.date,
  }
}

function instantOf(value: unknown): Temporal.Instant | undefined {
  if (typeof value !== 'string') return undefined
  try {
    return Temporal.Instant.from(value)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
