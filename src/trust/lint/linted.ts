// SPDX-License-Identifier: Apache-2.0
import type { ToBeSigned } from '#format/x509/certificate.ts'
import { type ExtensionName, type ExtensionValues, readExtension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import type { CertificateKind } from './kinds.ts'

/** The certificate as the rules see it: each extension read at most once. */
export class Linted {
  readonly certificate: ToBeSigned
  /** The same view of its issuer; undefined for a self-signed one. */
  readonly issuer: Linted | undefined
  readonly kind: CertificateKind
  readonly #values = new Map<ExtensionName, unknown>()

  constructor(certificate: ToBeSigned, issuer: Linted | undefined, kind: CertificateKind) {
    this.certificate = certificate
    this.issuer = issuer
    this.kind = kind
  }

  /** What the extension says; undefined if it is not there. */
  value<N extends ExtensionName>(name: N): ExtensionValues[N] | undefined {
    if (!this.#values.has(name))
      this.#values.set(name, readExtension(this.certificate.extensions, name))
    // The map holds under each name what was read under that name.
    return this.#values.get(name) as ExtensionValues[N] | undefined
  }

  has(name: ExtensionName): boolean {
    const { oid } = extensionCodecs[name]
    return this.certificate.extensions.some((extension) => extension.oid === oid)
  }

  /** Whether the extension is there and critical. */
  critical(name: ExtensionName): boolean {
    const { oid } = extensionCodecs[name]
    return this.certificate.extensions.some((one) => one.oid === oid && one.critical)
  }

  get isAuthority(): boolean {
    return this.value('basicConstraints')?.ca === true
  }
}
