// SPDX-License-Identifier: Apache-2.0
import { identityOf } from '../identity.ts'
import { textAround } from '../line.ts'
import type { Look, Sight, Tell } from '../sight.ts'

/** Base64 of `{"a`, `{"t` and `{"k`: with what the header of a JWT begins. */
const beginnings = ['eyJhbG', 'eyJ0eX', 'eyJraW']

export const lookForJwts: readonly Look[] = beginnings.map((text) => ({
  octets: new TextEncoder().encode(text),
  look: lookAtJwt,
}))

const compact = /^(eyJ[\w-]{10,2000})\.(eyJ[\w-]{10,6000})\.([\w-]{40,700})(?![\w-])/

/** A signed token that has not expired. Its signature is not checked: nothing here has the key. */
function lookAtJwt(sight: Sight, tell: Tell): void {
  if (!tell.spend(2)) return
  const { text, offset } = textAround(sight, 0, 8_800)
  const [, header = '', claims = '', signature = ''] = compact.exec(text) ?? []
  const algorithm = parsed(header)?.alg
  const stated = parsed(claims)
  if (typeof algorithm !== 'string' || algorithm === 'none' || stated === undefined) return
  const { exp } = stated
  if (typeof exp === 'number' && exp * 1_000 < sight.file.now.epochMilliseconds) return
  const until = typeof exp === 'number' ? `good until ${instantOf(exp)}` : 'without an end'
  tell.found({
    ...{ rule: 'signed-token', confidence: 'possible', offset },
    what: `token signed with ${algorithm.replace(/[^\w-]/g, '?').slice(0, 20)}, ${until}`,
    identity: identityOf('signed-token', signature),
  })
}

function instantOf(seconds: number): string {
  const most = 8_640_000_000_000
  return Temporal.Instant.fromEpochMilliseconds(
    Math.floor(Math.min(Math.max(seconds, 0), most) * 1_000),
  ).toString()
}

function parsed(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const bytes = Uint8Array.fromBase64(part, { alphabet: 'base64url' })
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
