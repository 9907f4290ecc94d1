// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '../digest.ts'
import type { PublicKey } from '../public-key.ts'

/** A house has dozens of authorities, and signers and devices come again. */
const mostKnown = 1_000

const known = new Set<string>()

/**
 * Whether a key made the signature of a certificate, asked once of each two: that is so for ever. Only what holds is
 * remembered, and nothing of what makes a path valid beside it (time, constraints, revocation).
 *
 * Two keys are one only if their encodings are: an issuer that nobody vouched for yet may show the modulus of another
 * with an exponent, or with parameters, of its own choice.
 */
export function isSignedBy<R>(
  child: Certificate,
  key: PublicKey,
  verify: () => true | R,
): true | R {
  const name = sha256(child.der).toHex() + sha256(key.spki).toHex()
  if (known.has(name)) return true
  const found = verify()
  if (found !== true) return found
  if (known.size >= mostKnown) known.clear()
  known.add(name)
  return true
}
