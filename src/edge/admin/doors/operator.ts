// SPDX-License-Identifier: Apache-2.0
import type { FastifyRequest } from 'fastify'
import type { PeoplePorts } from '#core/people/ports.ts'
import { sessionOf } from '#core/people/session.ts'
import type { Refused } from '#core/refusal.ts'
import { peerOf } from '#edge/http/peer.ts'
import { refuse } from '#trust/refusal.ts'
import { type Caller, stranger } from '../caller.ts'
import { apiHeaders, type Door } from './door.ts'

export interface OperatorDoorOptions extends PeoplePorts {
  /** Scheme, host and port as a browser shows them, e.g. `http://localhost:8081`; all with TLS or none. */
  readonly origins: readonly string[]
}

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The operator port: people with a browser, by a session in a cookie. */
export function operatorDoor(options: OperatorDoorOptions): Door {
  const secure = options.origins.every((origin) => origin.startsWith('https://'))
  const origins = new Set(options.origins)
  const hosts = new Set(options.origins.map((origin) => new URL(origin).host))
  // The prefix makes browsers refuse the cookie unless it is Secure, for this host and for all paths.
  const cookieName = secure ? '__Host-vitalsign' : 'vitalsign'
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  return {
    name: 'operator',
    headers: {
      ...apiHeaders,
      ...pageGuards,
      'content-security-policy':
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    },
    limitsRate: true,
    identify: async (request) => {
      const foreign = checkOrigin(request, origins, hosts)
      if (foreign !== undefined) return foreign
      const { address } = peerOf(request.raw.socket)
      const token = cookieOf(request.headers.cookie, cookieName)
      const found = token === undefined ? undefined : await sessionOf(token, options)
      return found === undefined ? stranger('operator', address) : signedIn(found, address)
    },
    keepSession: (reply, token) => {
      const cookie =
        token === undefined
          ? `${cookieName}=; ${attributes}; Max-Age=0`
          : `${cookieName}=${token}; ${attributes}`
      reply.header('set-cookie', cookie)
    },
  }
}

/** For whatever a browser may show. */
const pageGuards = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
} as const

/** What the pages beside the API may load: their own files, and nothing inline. */
export const pageHeaders: Readonly<Record<string, string>> = {
  ...pageGuards,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}

function signedIn(found: NonNullable<Caller['session']>, address: string): Caller {
  return {
    door: 'operator',
    source: address,
    actor: { kind: 'person', id: found.person.id },
    name: found.person.name,
    role: found.person.role,
    session: found,
  }
}

/**
 * A browser that was led here by another site is refused: by name (a host that is not ours means DNS
 * was turned round), and by origin wherever something could change. All browsers of the last years
 * send one of the two fields with each POST and DELETE; who sends neither is none, and has no cookie
 * that another site could borrow, but no session of its own either.
 */
function checkOrigin(
  request: FastifyRequest,
  origins: ReadonlySet<string>,
  hosts: ReadonlySet<string>,
): Refused | undefined {
  const { host, origin } = request.headers
  if (host === undefined || !hosts.has(host)) {
    return refuse('origin-wrong', `this server does not answer under the name "${host ?? ''}"`)
  }
  if (safeMethods.has(request.method)) return undefined
  if (origin !== undefined && origins.has(origin)) return undefined
  if (origin === undefined && request.headers['sec-fetch-site'] === 'same-origin') return undefined
  return refuse(
    'origin-wrong',
    `a change must come from ${[...origins].join(' or ')} itself; this one says "${origin ?? 'nothing'}"`,
  )
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [key, value] = pair.trim().split('=', 2)
    if (key === name && value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value)) return value
  }
  return undefined
}
