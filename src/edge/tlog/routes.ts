// SPDX-License-Identifier: Apache-2.0
import type { LogStore } from '#core/audit/log-store.ts'
import { FormatError } from '#format/format-error.ts'
import { encodeEntryBundle } from '#format/tlog/entry-bundle.ts'
import { parseTilePath, type TilePlace, tileWidth } from '#format/tlog/tile.ts'
import type { HttpRequest, HttpResponse, Route } from '../http/message.ts'

/** What the log shows to anybody: checkpoints and commitments, never an event. */
type PublicLog = Pick<LogStore, 'head' | 'tile' | 'events'>

const prefix = '/log/'
const forever = 'public, max-age=31536000, immutable'
/** A checkpoint is made within a second of its events. */
const brief = 'public, max-age=1'

/** `/log/checkpoint` and `/log/tile/…`. @see C2SP tlog-tiles, APIs */
export function tlogRoutes(log: PublicLog): readonly Route[] {
  const route = { method: 'GET', maxBodyBytes: 0 } as const
  return [
    {
      ...{ ...route, path: `${prefix}checkpoint`, operation: 'log-checkpoint' },
      handler: () => answerCheckpoint(log),
    },
    {
      ...{ ...route, path: `${prefix}tile/*`, operation: 'log-tile' },
      handler: (request) => answerTile(request, log),
    },
  ]
}

async function answerCheckpoint(log: PublicLog): Promise<HttpResponse> {
  const { checkpoint } = await log.head()
  if (checkpoint === null) return notThere('the log has no checkpoint yet')
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': brief },
    body: checkpoint.note,
  }
}

async function answerTile(request: HttpRequest, log: PublicLog): Promise<HttpResponse> {
  const place = acceptTilePath(request.path)
  if (place === undefined) return notThere('not a path of a tile')
  const body = (await isPublished(place, log)) ? await readTile(place, log) : undefined
  if (body === undefined) return notThere('no checkpoint has this tile yet')
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream', 'cache-control': forever },
    body,
  }
}

function acceptTilePath(path: string): TilePlace | undefined {
  try {
    return parseTilePath(path.slice(prefix.length))
  } catch (cause) {
    if (cause instanceof FormatError) return undefined
    throw cause
  }
}

/** Whether the published checkpoint covers it: what is booked and not yet signed is not shown. */
async function isPublished(place: TilePlace, log: PublicLog): Promise<boolean> {
  const size = (await log.head()).checkpoint?.size ?? 0
  const level = place.level === 'entries' ? 0 : place.level
  return place.index * tileWidth + place.width <= Math.floor(size / tileWidth ** level)
}

async function readTile(place: TilePlace, log: PublicLog): Promise<Uint8Array | undefined> {
  if (place.level !== 'entries') {
    return (await log.tile(place.level, place.index))?.slice(0, place.width * 32)
  }
  const events = await log.events(place.index * tileWidth, place.width)
  return encodeEntryBundle(events.map(({ commitment }) => commitment))
}

function notThere(what: string): HttpResponse {
  return {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: `${what}\n`,
  }
}
