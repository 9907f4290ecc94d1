// SPDX-License-Identifier: Apache-2.0
/** An upstream as a test wants it: a desk whose answers the test says, and an authority that signs them. */
import assert from 'node:assert/strict'
import type { Errand, Heard, RevocationHeard, UpstreamDesk } from '#core/authority/upstream/desk.ts'
import { addUpstream, type NewUpstream } from '#core/authority/upstream/register.ts'
import type { Upstream } from '#core/ledger/tables.ts'
import { type Certificate, parseToBeSigned } from '#format/x509/certificate.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import type { Core } from '#house/core.ts'
import {
  authorityExtensions,
  certify,
  type Entity,
  makeEntity,
  type Wish,
} from '../made-certificates.ts'

const span = {
  notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  notAfter: Temporal.Instant.from('2056-01-01T00:00:00Z'),
}

export class FakeUpstream implements UpstreamDesk {
  readonly #root: Entity
  readonly #issuing: Entity
  readonly root: Certificate
  readonly issuing: Certificate
  /** How it answers; a test puts its own in place. */
  answer: (errand: Errand, signal: AbortSignal) => Promise<Heard>
  revoking: () => Promise<RevocationHeard> = async () => ({ kind: 'revoked' })
  /** How often it was asked for a certificate, and to revoke one. */
  asked = 0
  revoked = 0
  #serial = 1000

  private constructor(root: [Entity, Certificate], issuing: [Entity, Certificate]) {
    ;[this.#root, this.root] = root
    ;[this.#issuing, this.issuing] = issuing
    this.answer = (errand) => this.signed(errand)
  }

  static async open(name = 'CN=elsewhere'): Promise<FakeUpstream> {
    const [root, issuing] = [await makeEntity(`${name} root`), await makeEntity(`${name} issuing`)]
    const certificate = await certify(root, root, {
      ...span,
      extensions: authorityExtensions(root),
    })
    const below = await certify(issuing, root, {
      ...span,
      extensions: authorityExtensions(issuing, 0),
    })
    return new FakeUpstream([root, certificate], [issuing, below])
  }

  async ask(errand: Errand, signal: AbortSignal): Promise<Heard> {
    this.asked++
    return this.answer(errand, signal)
  }

  async revoke(): Promise<RevocationHeard> {
    this.revoked++
    return this.revoking()
  }

  async examine() {
    return { kind: 'says', authorities: [this.root.der], facts: {} } as const
  }

  /** What it signs for an order: what was approved, but for what a test changes. */
  async certificate(
    { order }: Errand,
    wish: Wish & { subject?: Entity } = {},
  ): Promise<Certificate> {
    const { subject, publicKey, extensions, notBefore, notAfter } = parseToBeSigned(order.expected)
    const entity = {
      name: subject,
      pair: {
        ...this.#root.pair,
        publicKey: { ...this.#root.pair.publicKey, spki: publicKey.der },
      },
    }
    return certify(wish.subject ?? entity, this.#issuing, {
      serial: this.#serial++,
      ...{ notBefore, notAfter, extensions: withoutIssuer(extensions) },
      ...wish,
    })
  }

  async signed(errand: Errand, wish: Wish & { subject?: Entity } = {}): Promise<Heard> {
    const { der } = await this.certificate(errand, wish)
    return { kind: 'certificates', certificates: [this.issuing.der, der] }
  }

  /** Registers it at a core that has it as its desk. */
  async register(core: Core, more: Partial<NewUpstream> = {}): Promise<Upstream> {
    const added = await addUpstream(
      {
        ...{ name: 'elsewhere', protocol: 'est', address: 'https://pki.test', settings: {} },
        ...{ secretFile: null, repeatsMinutes: 15, serverRoots: [], credential: undefined },
        ...{ anchors: [this.root], read: () => this.root },
        ...more,
      },
      { kind: 'person', id: 'psn_test' },
      {
        ...{ ledger: core.ledger, clock: core.clock, random: core.random, desk: this },
        ...{ environment: core.environment, within: core.upstreams.within },
        keys: { keep: async () => {} },
      },
    )
    if (added.kind === 'refused') assert.fail(added.detail)
    await core.doors.reload()
    return added.upstream
  }
}

/** What was drafted names the authority that was expected to sign. */
function withoutIssuer(extensions: readonly Extension[]): Extension[] {
  const { oid } = encodeExtension('authorityKeyIdentifier', {})
  return extensions.filter((one) => one.oid !== oid)
}
