// SPDX-License-Identifier: Apache-2.0
import type { Heard, RevocationHeard } from '#core/authority/upstream/desk.ts'
import type { Upstream } from '#core/ledger/tables.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import type { Exchanged, Question } from '../exchange.ts'

export type Reply = Exchanged & { readonly kind: 'reply' }

/** One certificate to be had: what every managed authority is asked for. */
export interface Wish {
  readonly upstream: Upstream
  /** PKCS #10, DER. */
  readonly request: Uint8Array
  /** Ours alone, and the same however often it is asked: by it a certificate is found again. */
  readonly key: string
  /** How the authority calls a request that it keeps; undefined: it told nothing. */
  readonly kept: string | undefined
  /** A secret that belongs to `key`; in no ledger and no log. */
  readonly password: string
}

/**
 * The messages of one managed authority; the conversation is the same for all (`rest-upstream.ts`).
 *
 * A second one is a second file with this shape.
 */
export interface Adapter {
  /** Asks whether a certificate of this key is there already. */
  find(wish: Wish): Question
  /** What was found; undefined: nothing is there. */
  found(reply: Reply): readonly Uint8Array[] | undefined
  /** Asks for the certificate, or for what became of a request that is kept. */
  ask(wish: Wish): Question
  /** `kept` of what it works on, where it tells one. */
  heard(reply: Reply): Heard & { readonly kept?: string }
  revoke(upstream: Upstream, certificate: Certificate, reason: number): Question
  revoked(reply: Reply): RevocationHeard
  /** Asks who it is. */
  status(upstream: Upstream): Question
  /** What it says; anything but good answers was refused before. @throws FormatError */
  says(reply: Reply): Readonly<Record<string, string>>
}
