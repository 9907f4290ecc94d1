// SPDX-License-Identifier: Apache-2.0
/** The message of the webhook, and its answer: `docs/guides/end-sessions-by-webhook.md` says each field. */
import type { Batch, ShownCertificate, Wish } from '#core/enforcement/port.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'

/** One line of JSON in UTF-8, with a line feed behind it. */
export function encodeMessage({ id, act, revocation, wishes }: Batch): Uint8Array {
  return lineOf({ id, act, revocation, owners: wishes.map(ownerOf) })
}

/** The same with nobody in it: whoever confirms it confirms that messages are understood. */
export function testMessage(id: string): Uint8Array {
  return lineOf({ id, act: 'test', revocation: null, owners: [] })
}

function ownerOf({ owner, want, deviceSerial, certificates }: Wish): object {
  return { owner, want, deviceSerial, certificates: certificates.map(certificateOf) }
}

function certificateOf({ der, sha256, serialNumber, endedAt, reason }: ShownCertificate): object {
  const { subject, issuer } = parseCertificate(der)
  return {
    ...{ sha256: sha256.toHex(), serialNumber: serialNumber.toHex() },
    ...{ subject: formatName(subject), issuer: formatName(issuer) },
    ...{ endedAt: endedAt?.toString() ?? null, reason },
  }
}

function lineOf(message: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(message)}\n`)
}

/** More sessions than any server holds: who says so counts something else. */
const mostEnded = 100_000_000

/** The sessions that the receiver says it ended: `{"ended": n}`; undefined: it is no confirmation. */
export function readAnswer(body: Uint8Array): number | undefined {
  let answer: unknown
  try {
    answer = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
  if (typeof answer !== 'object' || answer === null || !('ended' in answer)) return undefined
  const { ended } = answer
  const isCount = typeof ended === 'number' && Number.isInteger(ended) && ended >= 0
  return isCount && ended <= mostEnded ? ended : undefined
}
