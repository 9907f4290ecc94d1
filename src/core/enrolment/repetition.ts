// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { outcomeUnknown } from '../authority/upstream/end-order.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { CertificateRecord, Repetition, UpstreamOrder } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import type { EnrolmentRequest } from './request.ts'

/** For so long the same request with the same credential gets the same answer. */
export const repetitionSpan = Temporal.Duration.from({ minutes: 15 })

/** How often, and in which steps, an identical request waits for the one that is being signed. */
const waiting = { tries: 40, stepMilliseconds: 25 }

interface RepetitionPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  /** Resolves after so many milliseconds. */
  pause(milliseconds: number): Promise<void>
}

/** What an earlier, identical request led to. */
export type Repeated =
  | { readonly kind: 'issued'; readonly id: string; readonly certificate: Uint8Array }
  /** Its certificate is asked for elsewhere, and not there yet. */
  | { readonly kind: 'under-way'; readonly order: UpstreamOrder }
  /** A new request; `stale` is the row that it takes over. */
  | { readonly kind: 'new'; readonly stale: Repetition | undefined }

/** One key for the same credential, operation, entrance and request bytes. */
export function requestKeyOf(credential: string, request: EnrolmentRequest): Uint8Array {
  const words = [
    credential,
    request.operation,
    request.label ?? '',
    sha256(request.request).toHex(),
  ]
  return sha256(new TextEncoder().encode(words.join('\n')))
}

/**
 * Looks whether this request was answered a moment ago and its certificate not yet seen in use; waits
 * for one that is being signed, so that a repetition never becomes a second certificate.
 *
 * Without the limit of use, a device that renews with the same bytes month after month (a stored
 * request) would be handed its old certificate again.
 */
export async function repeated(
  requestKey: Uint8Array,
  ports: RepetitionPorts,
): Promise<Repeated | Refused> {
  for (let tries = waiting.tries; ; tries--) {
    const found = await ports.ledger.find('repetition', 'requestKey', [requestKey])
    if (found === undefined) return { kind: 'new', stale: undefined }
    const certificate = await ports.ledger.read('certificate', found.certificate)
    if (certificate?.state === 'reserved') {
      // However long it takes, and whatever became of the span meanwhile.
      const order = await ports.ledger.find('upstreamOrder', 'certificate', [certificate.id])
      if (order?.state === 'open') return { kind: 'under-way', order }
    }
    if (certificate?.state === 'abandoned' && (await isLost(certificate, ports)))
      return outcomeUnknown()
    const over = Temporal.Instant.compare(found.until, ports.clock.now()) <= 0
    if (over || certificate === undefined || certificate.usedAt !== null) {
      return { kind: 'new', stale: found }
    }
    if (certificate.state === 'issued') {
      const encoding = await ports.ledger.read('encoding', certificate.id)
      if (encoding !== undefined) {
        return { kind: 'issued', id: certificate.id, certificate: encoding.der }
      }
    }
    if (certificate.state === 'reserved' && tries > 1) {
      await ports.pause(waiting.stepMilliseconds)
      continue
    }
    // What was read of code and device before the wait is no longer true if its signing was given up.
    return certificate.state === 'reserved' || tries < waiting.tries
      ? refuse('busy', 'the same request is being answered; try again')
      : { kind: 'new', stale: found }
  }
}

/**
 * Whether an upstream may have signed it and nobody knows: then this request is asked for never again, since it
 * might be signed twice.
 */
async function isLost({ id }: CertificateRecord, { ledger }: RepetitionPorts): Promise<boolean> {
  const order = await ledger.find('upstreamOrder', 'certificate', [id])
  return order?.state === 'given-up' && order.stage !== 'booked'
}

/** Claims the request for this certificate; taking over a stale row expects its version. */
export function repetitionPut(
  requestKey: Uint8Array,
  certificate: string,
  before: Repeated,
  ports: RepetitionPorts,
): Put {
  const stale = before.kind === 'new' ? before.stale : undefined
  return {
    kind: 'repetition',
    record: {
      id: stale?.id ?? newId('repetition', ports),
      version: (stale?.version ?? 0) + 1,
      requestKey,
      certificate,
      until: ports.clock.now().add(repetitionSpan),
    },
  }
}
