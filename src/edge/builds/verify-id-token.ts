// SPDX-License-Identifier: Apache-2.0
/** Whether a service that runs builds says what an ID token seems to say. OpenID Connect Core 1.0 section 3.1.3.7. */
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import type { ProvedJob } from '#core/people/grant.ts'
import type { Refused } from '#core/refusal.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { IssuerKeys } from './issuer-keys.ts'

export interface IdTokenPorts {
  readonly keys: IssuerKeys
  /** Whether an administrator named the issuer. */
  isKnown(issuer: string): Promise<boolean>
  now(): Temporal.Instant
}

/** A token of a build service has some 2 kB. */
const mostCharacters = 16_384
/** What GitHub, GitLab and others sign by; never a symmetric one, never none. */
const admitted = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']
/** Clocks of two services; and how old a token may be, however long it says that it lasts. */
const tolerance = '60s'
const oldest = '15m'

export async function verifyIdToken(
  token: string,
  ports: IdTokenPorts,
): Promise<{ readonly kind: 'proved'; readonly job: ProvedJob } | Refused> {
  if (token.length > mostCharacters) return wrong('it is too long for an id token')
  const claimed = issuerIn(token)
  // Nobody who is not named is ever asked, for keys or anything else.
  if (claimed === undefined || !(await ports.isKnown(claimed)))
    return wrong('its issuer is no service whose word is taken here')
  const now = ports.now()
  for (const anew of [false, true]) {
    const keys = await ports.keys.of(claimed, now.epochMilliseconds, anew)
    if (typeof keys === 'string') return refuse('busy', `the keys of ${claimed}: ${keys}`)
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet(keys as JSONWebKeySet), {
        ...{ issuer: claimed, algorithms: admitted, clockTolerance: tolerance },
        ...{ maxTokenAge: oldest, requiredClaims: ['sub', 'aud', 'exp', 'iat'] },
        currentDate: new Date(now.epochMilliseconds),
      })
      return jobOf(payload, claimed, token)
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error
      if (!anew && error instanceof errors.JWKSNoMatchingKey) continue
      return wrong(wordFor(error))
    }
  }
  return wrong('it is signed by no key of its issuer')
}

function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

function jobOf(
  { sub, aud, exp }: JWTPayload,
  issuer: string,
  token: string,
): { readonly kind: 'proved'; readonly job: ProvedJob } | Refused {
  if (typeof sub !== 'string' || aud === undefined || exp === undefined)
    return wrong('it says not whose, for whom, or until when')
  return {
    kind: 'proved',
    job: {
      ...{ issuer, subject: sub, audience: typeof aud === 'string' ? [aud] : aud },
      expiresAt: Temporal.Instant.fromEpochMilliseconds(exp * 1000),
      idTokenSha256: sha256(new TextEncoder().encode(signedIn(token))),
    },
  }
}

/**
 * What of a token is signed. A signature can be written in several ways (unused bits of base64url, the other s of
 * ECDSA), and each would make a used token look new.
 */
function signedIn(token: string): string {
  return token.slice(0, token.lastIndexOf('.'))
}

/** Ours, by the code: what a library says may quote the token. */
function wordFor({ code }: errors.JOSEError): string {
  switch (code) {
    case 'ERR_JWT_EXPIRED':
      return 'it has expired, or was made more than 15 minutes ago'
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return 'its signature does not hold'
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return 'it is signed by no key of its issuer'
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return `it is signed by an algorithm that is not admitted: ${admitted.join(', ')}`
    default:
      return `it is no id token that can be believed (${code})`
  }
}

function wrong(detail: string): Refused {
  return refuse('sign-in-wrong', detail)
}
