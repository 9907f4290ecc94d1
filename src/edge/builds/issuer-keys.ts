// SPDX-License-Identifier: Apache-2.0
/** The keys of a service that signs ID tokens. OpenID Connect Discovery 1.0 section 4, RFC 7517. */
import { isLoopback } from '#core/webhook-address.ts'
import { askStranger } from '#edge/http/ask-stranger.ts'

/** A key set of a public service has some 10 kB. */
const mostBytes = 131_072
const patienceMilliseconds = 10_000
/** Services change keys within days and show the new one before; a token of a key that is not known asks again. */
const keptMilliseconds = 600_000
/** Nobody makes us ask an issuer more often, whatever key a token names. */
const againMilliseconds = 30_000

export interface JsonWebKeySet {
  readonly keys: readonly Record<string, unknown>[]
}

interface Asked {
  readonly at: number
  readonly found: Promise<JsonWebKeySet | string>
  /** The last that were found, also where asking again failed. */
  good: { readonly at: number; readonly keys: JsonWebKeySet } | undefined
}

/** Those of issuers that an administrator named; no other is ever asked. */
export class IssuerKeys {
  readonly #asked = new Map<string, Asked>()

  /**
   * @param now Unix time, milliseconds
   * @param anew those that are kept did not have the key
   * @returns a text that says why they are not to be had; it holds nothing that the other side wrote
   */
  async of(issuer: string, now: number, anew: boolean): Promise<JsonWebKeySet | string> {
    const before = this.#asked.get(issuer)
    const good = before?.good
    if (good !== undefined && !anew && now - good.at < keptMilliseconds) return good.keys
    // Whoever comes while it is being asked waits for that answer, and a failure is one for a while, too.
    if (before !== undefined && now - before.at < againMilliseconds) return before.found
    const asked: Asked = { at: now, found: fetchKeys(issuer), good }
    this.#asked.set(issuer, asked)
    const keys = await asked.found
    if (typeof keys !== 'string') asked.good = { at: now, keys }
    return keys
  }
}

async function fetchKeys(issuer: string): Promise<JsonWebKeySet | string> {
  const about = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  if (typeof about === 'string') return about
  // Section 4.3: exactly the issuer that was asked.
  if (about['issuer'] !== issuer) return 'its configuration is of another issuer'
  const address = about['jwks_uri']
  if (typeof address !== 'string') return 'its configuration names no keys'
  const found = await fetchJson(address)
  if (typeof found === 'string') return found
  const { keys } = found
  return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null)
    ? { keys }
    : 'its keys do not read'
}

async function fetchJson(address: string): Promise<Record<string, unknown> | string> {
  const url = URL.parse(address)
  if (url === null || !isConfidential(url)) return 'its address is not https'
  const body = await askStranger({ url, patienceMilliseconds, mostBytes })
  if (typeof body === 'string') return body
  try {
    const read: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return typeof read === 'object' && read !== null && !Array.isArray(read)
      ? { ...read }
      : 'its answer is no object'
  } catch {
    return 'its answer is no JSON'
  }
}

function isConfidential({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}
