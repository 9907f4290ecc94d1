// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'

/** A connection that is open, and to whom. */
export interface Session {
  readonly serial: string
  readonly certificate: X509Certificate
  readonly socket: Duplex
  readonly port: number
}

/** All connections that are open, found by the certificate that was shown. */
export class Sessions {
  readonly #open = new Set<Session>()
  /** SHA-256 of certificates that may not come until we hear otherwise. */
  readonly #barred = new Set<string>()

  get open(): Iterable<Session> {
    return this.#open
  }

  /**
   * Takes a new connection up.
   *
   * @returns false for one that was barred meanwhile: whoever connects in the moment of a revocation may have been
   *   believed before it and be registered after the message of it
   */
  add(session: Session): boolean {
    if (this.#barred.has(digestOf(session.certificate))) return false
    this.#open.add(session)
    session.socket.once('close', () => this.#open.delete(session))
    return true
  }

  /** Ends all connections of a certificate, and lets none begin. @returns how many ended */
  bar(sha256: string): number {
    this.#barred.add(sha256)
    return this.end(sha256)
  }

  /** Ends all connections of a certificate. @returns how many ended */
  end(sha256: string): number {
    const mine = [...this.#open].filter(({ certificate }) => digestOf(certificate) === sha256)
    for (const { socket } of mine) socket.destroy()
    for (const one of mine) this.#open.delete(one)
    return mine.length
  }

  /** Lets connections of a certificate begin again. */
  admit(sha256: string): void {
    this.#barred.delete(sha256)
  }
}

/** 64 small hexadecimal digits, as Vitalsign writes it. */
function digestOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase()
}
