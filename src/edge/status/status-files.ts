// SPDX-License-Identifier: Apache-2.0
/** Compact status files and what leads from one to the next, for those who cannot ask about one certificate. */
import { plainAnswer } from '#edge/http/answer.ts'
import type { Handler, HttpResponse } from '#edge/http/message.ts'
import { answerFile } from './file.ts'

/** A file as it was published. */
export interface PublishedStatusFile {
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly number: number
  readonly madeAt: Temporal.Instant
  readonly coversUntil: Temporal.Instant
  readonly expiresAt: Temporal.Instant
  /** Numbers of files from which a delta leads to this one. */
  readonly deltasFrom: readonly number[]
}

/** The roots of some products, and their newest file; undefined: none was asked for yet. */
export interface PublishedSet {
  /** The digest that names the set, hexadecimal. */
  readonly anchors: string
  readonly roots: readonly { readonly name: string; readonly sha256: string }[]
  readonly newest: PublishedStatusFile | undefined
}

export interface StatusFilesPorts {
  sets(): Promise<readonly PublishedSet[]>
  /** The newest one of this set; `making`: it is the first, and is being made; undefined: no such set. */
  newest(anchors: string): Promise<PublishedStatusFile | 'making' | undefined>
  delta(anchors: string, from: number, to: number): Promise<Uint8Array | undefined>
}

const fileType = 'application/vnd.vitalsign.status'
const deltaType = 'application/vnd.vitalsign.status-delta'

/** A file is made anew when something is revoked: nobody is to keep an old one for long. */
const fileSeconds = 60
/** From one file to another always leads the same. */
const deltaSeconds = 86_400

const notKept = plainAnswer(404, 'nothing is kept under this path')

/**
 * `/status/index.json` names the sets, `/status/SET.vss` is the newest file of one, and
 * `/status/SET/N-to-M.delta` leads from its file N to that.
 */
export function statusFilesHandler(ports: StatusFilesPorts): Handler {
  return async ({ path, headers }) => {
    if (path === '/status/index.json') return index(headers, ports)
    const [, anchors, from, to] = pathOf.exec(path) ?? []
    if (anchors === undefined) return notKept
    if (from !== undefined && to !== undefined)
      return delta(anchors, Number(from), Number(to), headers, ports)
    return newest(anchors, headers, ports)
  }
}

const pathOf = /^\/status\/([0-9a-f]{64})(?:\.vss|\/([1-9]\d{0,9})-to-([1-9]\d{0,9})\.delta)$/

type Fields = Parameters<Handler>[0]['headers']

async function newest(
  anchors: string,
  fields: Fields,
  ports: StatusFilesPorts,
): Promise<HttpResponse> {
  const found = await ports.newest(anchors)
  if (found === undefined) return notKept
  if (found === 'making')
    return plainAnswer(503, 'this file is made for the first time; ask again', {
      'Retry-After': '5',
    })
  return answerFile(fields, {
    ...{ bytes: found.bytes, content: found.bytes, type: fileType },
    ...{ maxAgeSeconds: fileSeconds, lastModified: found.madeAt },
  })
}

async function delta(
  anchors: string,
  from: number,
  to: number,
  fields: Fields,
  ports: StatusFilesPorts,
): Promise<HttpResponse> {
  const bytes = await ports.delta(anchors, from, to)
  if (bytes === undefined) return notKept
  return answerFile(fields, {
    ...{ bytes, content: bytes, type: deltaType },
    ...{ maxAgeSeconds: deltaSeconds, lastModified: undefined },
  })
}

async function index(fields: Fields, ports: StatusFilesPorts): Promise<HttpResponse> {
  const sets = await ports.sets()
  const content = new TextEncoder().encode(`${JSON.stringify({ sets: sets.map(shown) })}\n`)
  return answerFile(fields, {
    ...{ bytes: content, content, type: 'application/json' },
    ...{ maxAgeSeconds: fileSeconds, lastModified: undefined },
  })
}

function shown({ anchors, roots, newest }: PublishedSet) {
  const file = `/status/${anchors}.vss`
  if (newest === undefined) return { anchors, roots, file, newest: null }
  const { number, sha256, bytes, deltasFrom } = newest
  return {
    ...{ anchors, roots, file },
    newest: {
      ...{ number, sha256, bytes: bytes.length },
      madeAt: newest.madeAt.toString(),
      coversUntil: newest.coversUntil.toString(),
      expiresAt: newest.expiresAt.toString(),
      deltas: deltasFrom.map((from) => {
        return { from, file: `/status/${anchors}/${from}-to-${number}.delta` }
      }),
    },
  }
}
