// SPDX-License-Identifier: Apache-2.0
import { proxyOf } from '#core/enrolment/speakers/proxy-of.ts'
import type { Proxies } from '#edge/http/claims.ts'
import type { ProxiedOptions } from '#edge/http/proxied.ts'
import type { Configuration } from './configuration.ts'
import type { Core } from './core.ts'

/** The proxies that end TLS before us, by the ledger (RFC 9440). */
export function knownProxies(core: Core): Proxies {
  return {
    find: async (certificates) => {
      const found = await proxyOf(certificates, core)
      if (found.kind === 'refused') return found
      const { id, name } = found.proxy
      return { kind: 'proxy', id, name }
    },
    noteRefused: ({ reason, detail }, source) =>
      core.refusals.note({ reason, detail, source, subjects: [] }),
  }
}

/** The proxies that pass TLS through, by the configuration (PROXY protocol). */
export function passingProxies(
  { proxied }: Configuration,
  core: Core,
  report: (what: string, cause: unknown) => void,
): ProxiedOptions | undefined {
  if (proxied === undefined) return undefined
  return {
    ...proxied,
    refused: (source, detail) => {
      core.refusals
        .note({ reason: 'proxy-unknown', detail, source, subjects: [] })
        .catch((cause: unknown) => report('a refusal could not be noted', cause))
    },
  }
}
