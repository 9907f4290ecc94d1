// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'

/**
 * When a certificate is to be renewed: after two thirds of its life, and a little later that its own
 * digest decides, up to a twentieth of its life: devices made on one day do not come in one minute, and
 * a restart does not throw the dice again.
 *
 * What the server says goes before: an instant is believed up to nine tenths of the life, and an order
 * to renew at once, which comes with each device's own moment, whenever that is earlier.
 */
export function dueOf(certificate: Certificate, said: ServerWord = {}): Temporal.Instant {
  const { notBefore, notAfter } = certificate
  const life = notAfter.since(notBefore).total('milliseconds')
  const after = (share: number) => notBefore.add({ milliseconds: Math.floor(life * share) })
  const { renewFrom, orderedFrom } = said
  const due =
    renewFrom === undefined
      ? after(2 / 3 + spread(certificate) / 20)
      : earlier(renewFrom, after(9 / 10))
  return orderedFrom === undefined ? due : earlier(due, orderedFrom)
}

/**
 * When a device that can make no key has waited long enough for its source of chance: at eleven twelfths of the
 * certificate's life, later than any moment that `dueOf` gives unasked. What is left is for the server to be reached.
 */
export function lastResortOf({ notBefore, notAfter }: Certificate): Temporal.Instant {
  const life = notAfter.since(notBefore).total('milliseconds')
  return notBefore.add({ milliseconds: Math.floor((life * 11) / 12) })
}

/** What the server said of a renewal, if it did. */
export interface ServerWord {
  readonly renewFrom?: Temporal.Instant | undefined
  readonly orderedFrom?: Temporal.Instant | undefined
}

/** At least 0 and less than 1, always the same for the same certificate. */
function spread({ der }: Certificate): number {
  const [a = 0, b = 0, c = 0] = sha256(der)
  return ((a << 16) | (b << 8) | c) / 2 ** 24
}

function earlier(left: Temporal.Instant, right: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(left, right) < 0 ? left : right
}
