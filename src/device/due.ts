// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'

/**
 * When a certificate is to be renewed: after two thirds of its life, and a little later that its own
 * digest decides, up to a twentieth of its life: devices made on one day do not come in one minute, and
 * a restart does not throw the dice again.
 *
 * @param serverWord an instant that the server named; it is believed up to nine tenths of the life
 */
export function dueOf(certificate: Certificate, serverWord?: Temporal.Instant): Temporal.Instant {
  const { notBefore, notAfter } = certificate
  const life = notAfter.since(notBefore).total('milliseconds')
  const after = (share: number) => notBefore.add({ milliseconds: Math.floor(life * share) })
  if (serverWord !== undefined) return earlier(serverWord, after(9 / 10))
  return after(2 / 3 + spread(certificate) / 20)
}

/** At least 0 and less than 1, always the same for the same certificate. */
function spread({ der }: Certificate): number {
  const [a = 0, b = 0, c = 0] = sha256(der)
  return ((a << 16) | (b << 8) | c) / 2 ** 24
}

function earlier(left: Temporal.Instant, right: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(left, right) < 0 ? left : right
}
