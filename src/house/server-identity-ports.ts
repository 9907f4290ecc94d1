// SPDX-License-Identifier: Apache-2.0
import { issueServerCertificate } from '#core/authority/serve-identity.ts'
import { twinAlgorithms } from '#core/authority/twin.ts'
import { Fault } from '#core/fault.ts'
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
    const beside = this.#hasTwin ? await openServerIdentity(this.#twin) : undefined
    return { ...(await openServerIdentity(this.#usual)), beside }
  }

  /** Both, if one of them had to be made anew. */
  async renew(): Promise<TlsIdentity | undefined> {
    const usual = await renewServerIdentity(this.#usual)
    const twin = this.#hasTwin ? await renewServerIdentity(this.#twin) : undefined
    return usual === undefined && twin === undefined ? undefined : this.open()
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
    isSucceeded: ([, issuer]) => {
      const authority =
        issuer && core.doors.own.find(({ certificate }) => sameBytes(certificate, issuer))
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
      const maker = ownMaker(environment)
      return issueServerCertificate(
        { ...{ issuer, names, environment, maker, request }, profile: parsed.profile },
        core,
      )
    },
  }
}
