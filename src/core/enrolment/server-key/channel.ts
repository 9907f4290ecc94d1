// SPDX-License-Identifier: Apache-2.0

import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import type { EnrolmentRequest } from '../request.ts'

/** How a connection is protected, as its TLS library names it. */
export interface TlsFacts {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string
  /** OpenSSL's name of the suite. */
  readonly cipher: string
}

/**
 * Whether a private key may travel over the connection as it is: to the device itself, with authenticated encryption
 * and forward secrecy, so that whoever records it now learns nothing from a key that leaks later.
 *
 * @see RFC 7030 section 4.4 (confidentiality commensurate with the key), RFC 9325 section 4.2
 */
export function checkConfidential(
  { proxy }: Pick<EnrolmentRequest, 'proxy'>,
  tls: TlsFacts | undefined,
): Refused | undefined {
  if (proxy !== undefined) return not(`proxy ${proxy.name} would read the key`)
  if (tls === undefined) return not('the connection is not protected by tls')
  if (tls.protocol === 'TLSv1.3') return undefined
  const isGood = tls.protocol === 'TLSv1.2' && /^ECDHE-.*(GCM|CCM|CHACHA20)/.test(tls.cipher)
  return isGood
    ? undefined
    : not(`it has ${tls.protocol} with ${tls.cipher}, asked is ECDHE with GCM, CCM or ChaCha20`)
}

function not(why: string): Refused {
  return refuse(
    'channel-not-confidential',
    `${why}; ask for the key sealed to a certificate (asymmetric decrypt key identifier)`,
  )
}
