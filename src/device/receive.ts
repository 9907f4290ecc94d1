// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { refuse } from '#trust/refusal.ts'
import { encodeCredential } from './credential.ts'
import { validateFrom } from './path.ts'
import type { Refused } from './refusal.ts'
import { alternativeNameOf, type Prepared, sameExtension } from './request.ts'
import { type Files, replace } from './state/files.ts'
import { fileOf, type Slot } from './state/state.ts'

/** What is known when an answer comes. */
export interface Expecting {
  readonly slot: Slot
  /** What an application's certificate is for is said by its profile, server or client. */
  readonly purpose: 'device' | 'any'
  readonly prepared: Prepared
  /** The certificate that is being renewed, if one is. */
  readonly current: Certificate | undefined
  readonly roots: readonly Certificate[]
  /** Certificates of authorities that the server offered, over a connection that the root vouches for. */
  readonly offered: readonly Certificate[]
  readonly now: Temporal.Instant
}

/**
 * Takes an answer: the certificate for our key, if the pinned root vouches for it, or another root that the
 * server offers.
 *
 * On return it is on disk beside the one in use, unproven. RFC 7030 section 4.2.3: certificates of an
 * answer have no order, so ours is found by its key.
 */
export function receive(
  files: Files,
  answer: readonly Certificate[],
  expecting: Expecting,
): { readonly kind: 'received' } | Refused {
  const { slot, prepared, offered, current } = expecting
  const leaf = answer.find(({ publicKey }) => sameBytes(publicKey.der, prepared.publicKey))
  if (leaf === undefined) {
    return refuse(
      'answer-not-ours',
      'no certificate of the answer is for the key that was asked for',
    )
  }
  if (current !== undefined && !namesTheSame(leaf, current)) {
    return refuse(
      'answer-not-ours',
      'the answer names another subject than the current certificate',
    )
  }
  const others = [...answer, ...offered].filter((one) => one !== leaf)
  const path = vouchedFor(leaf, others, expecting)
  if (path.kind === 'refused') return path
  replace(files, fileOf.next(slot), encodeCredential(prepared.keyPem, path.path.certificates))
  return { kind: 'received' }
}

/**
 * Our own certificate may be signed elsewhere: RFC 7030 section 4.1.3 lets a server that was authenticated say
 * which roots there are. Who the server is, is told by the pinned root alone.
 */
function vouchedFor(
  leaf: Certificate,
  others: readonly Certificate[],
  { roots, offered, now, purpose }: Expecting,
) {
  const path = validateFrom(roots, leaf, others, purpose, now)
  if (path.kind === 'valid') return path
  const elsewhere = offered.filter(({ subject, issuer }) => sameBytes(subject.der, issuer.der))
  for (const other of elsewhere) {
    const found = validateFrom([other], leaf, others, purpose, now)
    if (found.kind === 'valid') return found
  }
  return path
}

function namesTheSame(leaf: Certificate, current: Certificate): boolean {
  return (
    sameBytes(leaf.subject.der, current.subject.der) &&
    sameExtension(alternativeNameOf(leaf.extensions), alternativeNameOf(current.extensions))
  )
}
