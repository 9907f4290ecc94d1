// SPDX-License-Identifier: Apache-2.0
import { parsePem } from '#format/pem.ts'
import { type Crl, parseCrl } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import type { IssuingDistributionPoint } from '#format/x509/extensions/locations.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { verifySignatureSync } from '#trust/signature.ts'
import { SerialIndex } from './serial-index.ts'

/** What a list says of one certificate. */
export interface ListEntry {
  readonly revokedAt: Temporal.Instant
  /** RFC 5280 section 5.3.1; 8 (removeFromCRL) stands in deltas alone; undefined: unspecified. */
  readonly reason: number | undefined
}

/**
 * A revocation list, ready to be asked: complete, delta, or of one shard. Its signature is checked when the issuer's
 * key is known, once for each key.
 *
 * Beside its bytes it takes 21 bytes an entry: a million entries cost 21 MB, and an answer a microsecond.
 */
export class RevocationList {
  readonly crl: Crl
  /** RFC 5280 section 5.2.3; -1 if it has none. */
  readonly number: bigint
  /** Of a delta: the number of the complete list that it goes with at the least. */
  readonly base: bigint | undefined
  readonly point: IssuingDistributionPoint | undefined
  /** The same for the lists that follow each other: whose they are, and what they speak of. */
  readonly scope: string
  readonly #index: SerialIndex
  readonly #signedBy = new Map<string, boolean>()

  constructor(crl: Crl) {
    const { extensions, issuer } = crl
    this.crl = crl
    this.number = readExtension(extensions, 'cRLNumber') ?? -1n
    this.base = readExtension(extensions, 'deltaCRLIndicator')
    this.point = readExtension(extensions, 'issuingDistributionPoint')
    const point = extensions.find(({ oid }) => oid === '2.5.29.28')?.value.toHex() ?? ''
    this.scope = `${issuer.der.toHex()} ${point}`
    this.#index = new SerialIndex(crl)
  }

  /** Whether it speaks of certificates of others than its issuer, which is not understood here (section 5.2.5). */
  get isIndirect(): boolean {
    return this.point?.indirectCRL === true
  }

  find(serialNumber: Uint8Array): ListEntry | undefined {
    return this.#index.find(serialNumber)
  }

  /** Whether this key signed it. */
  isSignedBy(key: PublicKey): boolean {
    const name = key.fingerprint.toHex()
    const known = this.#signedBy.get(name)
    if (known !== undefined) return known
    const { signatureAlgorithm, tbs, signature } = this.crl
    const genuine = verifySignatureSync(signatureAlgorithm, key, tbs, signature) === true
    this.#signedBy.set(name, genuine)
    return genuine
  }
}

/**
 * Reads a revocation list, DER or PEM; nothing of it is believed yet.
 *
 * @throws FormatError if it is none, or has a critical extension that is not known (RFC 5280 section 5.2)
 */
export function readRevocationList(bytes: Uint8Array): RevocationList {
  const isDer = bytes[0] === 0x30
  const der = isDer ? bytes : derOf(new TextDecoder().decode(bytes))
  return new RevocationList(parseCrl(der))
}

function derOf(text: string): Uint8Array {
  const block = parsePem(text).find(({ label }) => label === 'X509 CRL')
  // Where there is none, the parser says at which byte it is none.
  return block?.bytes ?? new Uint8Array()
}
