// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import type { ToBeSigned } from '#core/signing/sign-for-worker.ts'
import type { HttpRequest } from '#edge/http/message.ts'
import { FormatError } from '#format/format-error.ts'
import { parseProcessRequest, workersPath } from '#format/signserver/process.ts'
import { refuse } from '#trust/refusal.ts'

/** What a client asks of which worker. */
export interface Accepted {
  readonly kind: 'accepted'
  /** An id or a name, as it was said. */
  readonly worker: string
  readonly asked: ToBeSigned
}

/** One request of a client: POST `…/workers/{idOrName}/process`. */
export function acceptProcess({ path, headers, body }: HttpRequest): Accepted | Refused {
  const worker = workerIn(path)
  if (worker === undefined)
    return refuse('operation-unknown', 'workers are asked at /workers/{idOrName}/process alone')
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  // A page in a browser can send other types to a stranger's server without being asked; a client states this one.
  if (type !== 'application/json')
    return refuse('media-type-wrong', 'content type is not application/json')
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (coding !== 'identity') return refuse('media-type-wrong', 'content encoding is not none')
  try {
    const { data: bytes, digest } = parseProcessRequest(body)
    return {
      ...{ kind: 'accepted', worker },
      asked: digest === undefined ? { kind: 'message', bytes } : { kind: 'digest', digest, bytes },
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('request-malformed', error.message)
  }
}

/** Longer than any name of a product and a key together. */
const mostCharacters = 300

function workerIn(path: string): string | undefined {
  const said = /^([^/]+)\/process$/.exec(path.slice(workersPath.length))?.[1]
  if (said === undefined) return undefined
  try {
    const worker = decodeURIComponent(said)
    return worker.length <= mostCharacters ? worker : undefined
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
