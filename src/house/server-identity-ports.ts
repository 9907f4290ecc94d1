// SPDX-License-Identifier: Apache-2.0
import { issueServerCertificate } from '#core/authority/serve-identity.ts'
import { twinAlgorithms } from '#core/authority/twin.ts'
import { linksBack } from '#core/enrolment/anchors/believed.ts'
import { Fault } from '#core/fault.ts'
import type { Authority } from '#core/ledger/tables.ts'
import { newestProfile } from '#core/policy/apply-profile.ts'
import { parseProfile } from '#core/policy/document/parse-profile.ts'
import type { TlsIdentity } from '#edge/http/device-front.ts'
import {
  openServerIdentity,
  renewServerIdentity,
  type ServerIdentityPorts,
} from '#edge/http/server-identity.ts'
import { sameBytes } from '#format/bytes.ts'
import { type Configuration, serverNames } from './configuration.ts'
import { type Core, ownIssuer } from './core.ts'
import { ownMaker } from './foundation.ts'
import type { TlsIdentityFile } from './tls-identity-file.ts'

/** What the server proves itself with in TLS, in the usual chain and, where there is one, in the twins'. */
export class ServerIdentities {
  readonly #usual: ServerIdentityPorts
  readonly #twin: ServerIdentityPorts
  readonly #core: Core

  /** @param fileOf where the identity of this name is kept */
  constructor(configuration: Configuration, core: Core, fileOf: (name: string) => TlsIdentityFile) {
    this.#core = core
    this.#usual = serverIdentityPorts(configuration, core, fileOf('server'))
    this.#twin = serverIdentityPorts(configuration, core, fileOf('twin'), true)
  }

  /** The one that every client can check. */
  get usual(): ServerIdentityPorts {
    return this.#usual
  }

  async open(): Promise<TlsIdentity> {
    const beside = this.#hasTwin ? this.#linked(await openServerIdentity(this.#twin)) : undefined
    return { ...this.#linked(await openServerIdentity(this.#usual)), beside }
  }

  /** Both as they are to be shown from now on, made anew where that is due. */
  async renew(): Promise<TlsIdentity> {
    await renewServerIdentity(this.#usual)
    if (this.#hasTwin) await renewServerIdentity(this.#twin)
    return this.open()
  }

  /**
   * With the links from the roots before that of its issuer, while those are in force: a device that holds an old
   * root alone, as one that slept through a change of roots, still finds the way. One that holds the new
   * root stops there and never looks at what is behind it.
   */
  #linked(identity: TlsIdentity): TlsIdentity {
    const { doors } = this.#core
    const issuer = issuerOf(identity.chain, doors.authorities)
    const root = issuer && doors.above(issuer).at(-1)
    if (root === undefined) return identity
    const links = linksBack(root, doors).map(({ certificate }) => certificate)
    return { ...identity, chain: [...identity.chain, ...links] }
  }

  get #hasTwin(): boolean {
    return ownIssuer(this.#core, true) !== undefined
  }
}

/** How the server's own TLS certificate is kept and made: from the `server` profile, like any other. */
function serverIdentityPorts(
  configuration: Configuration,
  core: Core,
  file: TlsIdentityFile,
  ofTwins = false,
): ServerIdentityPorts {
  const names = serverNames(configuration)
  return {
    clock: core.clock,
    names,
    algorithm: ofTwins ? twinAlgorithms.issuing : 'p-256',
    isSucceeded: (chain) => {
      const authority = issuerOf(chain, core.doors.own)
      return authority?.state !== 'active' && ownIssuer(core, ofTwins) !== undefined
    },
    read: () => file.read(),
    write: (identity) => file.write(identity),
    issueServerCertificate: async (request) => {
      const issuer = ownIssuer(core, ofTwins)
      if (issuer === undefined)
        throw new Fault('configuration-wrong', 'no issuing authority is active')
      const record = await newestProfile('server', core.ledger)
      const parsed = record && parseProfile(record.document)
      if (parsed?.kind !== 'profile')
        throw new Fault('ledger-damaged', 'the server profile is not readable')
      const { environment } = core
      const maker = ownMaker(core.installation)
      return issueServerCertificate(
        { ...{ issuer, names, environment, maker, request }, profile: parsed.profile },
        core,
      )
    },
  }
}

/** The authority whose certificate comes after the leaf's. */
function issuerOf([, issuer]: readonly Uint8Array[], authorities: readonly Authority[]) {
  return issuer && authorities.find(({ certificate }) => sameBytes(certificate, issuer))
}
