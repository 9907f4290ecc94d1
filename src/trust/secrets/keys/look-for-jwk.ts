// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, type webcrypto } from 'node:crypto'

type JsonWebKey = webcrypto.JsonWebKey & { readonly priv?: string }

import { identityOf } from '../identity.ts'
import { type Look, type Sight, type Tell, textOf } from '../sight.ts'
import { readDerKey } from './der-key.ts'
import type { PublicHalf } from './public-half.ts'
import { tellOpenKey } from './tell-key.ts'

/** RFC 7517 section 4.1: every JWK says its type. */
export const lookForJwks: readonly Look[] = [
  { octets: new TextEncoder().encode('"kty"'), look: lookAtJwk },
  // As a string within JSON or a program has it.
  { octets: new TextEncoder().encode('\\"kty\\"'), look: lookAtJwk },
]

/** RSA of 4,096 bits has 3.2 kB, ML-DSA-87 with its public key 3.6 kB. */
const mostBefore = 4_000
const mostAfter = 8_000

function lookAtJwk({ octets, at, base }: Sight, tell: Tell): void {
  if (!tell.spend(1)) return
  const first = Math.max(0, at - mostBefore)
  const seen = textOf(octets.subarray(first, at + mostAfter))
  const place = at - first
  const start = openBraceBefore(seen, place)
  const end = seen.indexOf('}', place)
  if (start === -1 || end === -1) return
  const text = seen.slice(start, end + 1)
  const jwk = parsed(text) ?? parsed(text.replaceAll('\\"', '"'))
  if (jwk !== undefined) tellJwk(jwk, base + first + start, tell)
}

/** The members of a JWK are no objects but for what keys never have: so no other brace stands between. */
function openBraceBefore(text: string, place: number): number {
  const start = text.lastIndexOf('{', place)
  return text.lastIndexOf('}', place) > start ? -1 : start
}

function parsed(text: string): JsonWebKey | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'kty' in value
      ? (value as JsonWebKey)
      : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function tellJwk(jwk: JsonWebKey, offset: number, tell: Tell): void {
  if (jwk.kty === 'oct') tellSecret(jwk, offset, tell)
  if (typeof jwk.d !== 'string' && typeof jwk.priv !== 'string') return
  const half = tell.spend(20) ? halfOf(jwk) : undefined
  if (half !== undefined) tellOpenKey(half, 'JWK', offset, tell)
}

/** Rewritten as PKCS #8 and read as any other key is, so that it is proved as any other is. */
function halfOf(jwk: JsonWebKey): PublicHalf | undefined {
  try {
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    const pkcs8 = key.export({ format: 'der', type: 'pkcs8' })
    const read = readDerKey(pkcs8)
    pkcs8.fill(0)
    return read?.kind === 'open' ? read.half : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

function tellSecret({ k }: JsonWebKey, offset: number, tell: Tell): void {
  // 128 bits at least: shorter ones are examples, and could be tried out from their digest.
  if (typeof k !== 'string' || !/^[A-Za-z0-9_-]{22,}$/.test(k)) return
  const rule = 'symmetric-key'
  tell.found({
    ...{ rule, confidence: 'likely', offset, what: 'secret key, JWK of type oct' },
    identity: identityOf(rule, k),
  })
}
