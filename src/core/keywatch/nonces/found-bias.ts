// SPDX-License-Identifier: Apache-2.0
import type { NonceBias } from '#trust/weak-keys/nonces/biased-nonces.ts'
import { causeOf } from '../cause.ts'
import type { Seen } from './look.ts'
import type { KeyThatSigned } from './walk-signed.ts'

/** Requests that a finding names. */
const mostNamed = 8

/** What is booked of a key whose nonces gave it away: which bits they are, and never what they are. */
export function foundBias(
  { key, signatures }: KeyThatSigned,
  bias: NonceBias,
): Omit<Seen, 'fresh'> {
  const { end, how, bits, orderBits, signatures: count } = bias
  const requests = signatures.flatMap(({ enrolment }) => enrolment ?? []).slice(0, mostNamed)
  const facts = {
    ...{ end, how, bits, orderBits, signatures: count, signaturesKnown: signatures.length },
    ...{ recovered: true, requests: requests.join(' ') },
  }
  const found = {
    ...({ kind: 'nonce-biased', key: key.id, cause: causeOf('nonce-biased') } as const),
    ...{ detail: detailOf(bias), facts },
  }
  return { found: [found], recovered: [key] }
}

function detailOf({ end, how, bits, orderBits, signatures }: NonceBias): string {
  const are = how === 'zero' ? 'are zero' : 'are the same'
  return `in the secret numbers of ${signatures} of its signatures the ${end} ${bits} of ${orderBits} bits ${are}: its private key was computed from them`
}
