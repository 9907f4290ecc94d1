// SPDX-License-Identifier: Apache-2.0
import { issueServerCertificate } from '#core/authority/serve-identity.ts'
import { Fault } from '#core/fault.ts'
import { newestProfile } from '#core/policy/apply-profile.ts'
import { parseProfile } from '#core/policy/document/parse-profile.ts'
import type { ServerIdentityPorts } from '#edge/http/server-identity.ts'
import { type Configuration, serverNames } from './configuration.ts'
import { type Core, ownIssuer } from './core.ts'
import { ownMaker } from './foundation.ts'
import type { TlsIdentityFile } from './tls-identity-file.ts'

/** How the server's own TLS certificate is kept and made: from the `server` profile, like any other. */
export function serverIdentityPorts(
  configuration: Configuration,
  core: Core,
  file: TlsIdentityFile,
): ServerIdentityPorts {
  const names = serverNames(configuration)
  return {
    clock: core.clock,
    names,
    read: () => file.read(),
    write: (identity) => file.write(identity),
    issueServerCertificate: async (request) => {
      const issuer = ownIssuer(core)
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
