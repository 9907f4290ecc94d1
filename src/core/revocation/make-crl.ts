// SPDX-License-Identifier: Apache-2.0
import { assembleCrl } from '#format/x509/crl-outline.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import type { CrlKind } from '#trust/lint/crl/crl-rules.ts'
import { lintCrl, lintEntries } from '#trust/lint/crl/lint-crl.ts'
import type { Finding } from '#trust/lint/rule.ts'
import type { Issuer } from '../authority/issuer.ts'
import type { SigningKeys } from '../authority/signing-key.ts'
import { Fault } from '../fault.ts'

/** What a list says besides its entries. */
export type CrlFrame = {
  readonly number: number
  readonly thisUpdate: Temporal.Instant
  readonly nextUpdate: Temporal.Instant
} & (
  | { readonly kind: 'shard'; readonly url: string }
  /** Where the delta to it is; undefined: there is none. */
  | { readonly kind: 'full'; readonly deltaUrl: string | undefined }
  | { readonly kind: 'delta'; readonly base: number }
)

export interface MadeCrl {
  readonly der: Uint8Array
  readonly entries: number
}

/** The entries of a list, linted as they come: a million of them at once would hold everybody up for 0.1 s. */
export class LintedEntries {
  readonly pieces: Uint8Array[] = []
  readonly #kind: CrlKind
  #count = 0
  #finding: Finding | undefined

  constructor(kind: CrlKind) {
    this.#kind = kind
  }

  take(piece: Uint8Array): void {
    const { count, finding } = lintEntries(piece, this.#kind)
    this.pieces.push(piece)
    this.#count += count
    this.#finding ??= finding
  }

  get count(): number {
    return this.#count
  }

  /** What is wrong with the first that is wrong. */
  findingAs(kind: CrlKind): Finding | undefined {
    if (kind !== this.#kind)
      throw new TypeError(`entries of a ${this.#kind} list, not a ${kind} one`)
    return this.#finding
  }
}

/**
 * Assembles, lints and signs a list. Nothing of it is booked yet.
 *
 * @throws Fault `crl-lint-failed`; as `SigningKeys.sign`
 */
export async function makeCrl(
  issuer: Issuer,
  frame: CrlFrame,
  entries: LintedEntries,
  keys: Pick<SigningKeys, 'sign'>,
): Promise<MadeCrl> {
  const { certificate, signatureAlgorithm, keyId } = issuer
  const { thisUpdate, nextUpdate, kind } = frame
  const sealable = assembleCrl(
    {
      ...{ signatureAlgorithm: signatureAlgorithm.identifier, issuer: certificate.subject },
      ...{ thisUpdate, nextUpdate, extensions: extensionsOf(issuer, frame) },
    },
    entries.pieces,
  )
  const first =
    entries.findingAs(kind) ??
    lintCrl(sealable.toBeSigned, certificate, kind).find(({ severity }) => severity === 'error')
  if (first !== undefined) throw flawed(first, issuer, frame)
  const signature = await keys.sign(keyId, sealable.toBeSigned)
  return { der: sealable.seal(signature), entries: entries.count }
}

function flawed({ rule, detail, source }: Finding, issuer: Issuer, frame: CrlFrame): Fault {
  const list = `${frame.kind} list ${frame.number} of ${issuer.authority.name}`
  return new Fault('crl-lint-failed', `${list}: ${rule}: ${detail} (${source})`)
}

function extensionsOf({ authority }: Issuer, frame: CrlFrame): readonly Extension[] {
  const common = [
    encodeExtension('authorityKeyIdentifier', { keyIdentifier: authority.subjectKeyIdentifier }),
    encodeExtension('cRLNumber', BigInt(frame.number)),
  ]
  switch (frame.kind) {
    case 'shard': {
      // RFC 5280 section 5.2.5: critical, and its name equals the certificates' distribution point.
      const fullName = [{ kind: 'uri', value: frame.url }] as const
      return [...common, encodeExtension('issuingDistributionPoint', { fullName })]
    }
    case 'full': {
      if (frame.deltaUrl === undefined) return common
      const fullName = [{ kind: 'uri', value: frame.deltaUrl }] as const
      return [...common, encodeExtension('freshestCRL', [{ fullName }])]
    }
    case 'delta':
      return [...common, encodeExtension('deltaCRLIndicator', BigInt(frame.base))]
  }
}

export type { CrlKind }
