// SPDX-License-Identifier: Apache-2.0
import { chmod, rm } from 'node:fs/promises'
import type { RequestListener, Server } from 'node:http'
import { createServer } from '#edge/http/node-http.ts'
import { limits } from '../limits.ts'
import { apiHeaders, type Door } from './door.ts'

/** The socket in the data directory: who can open it, owns the directory, and is its administrator. */
export function localDoor(): Door {
  return {
    name: 'local',
    headers: apiHeaders,
    limitsRate: false,
    identify: async () => ({
      door: 'local',
      source: 'local',
      actor: { kind: 'person', id: 'local' },
      name: 'local',
      role: 'administrator',
      session: undefined,
    }),
    keepSession: () => {},
  }
}

/**
 * Listens on a socket that only its owner can open.
 *
 * The caller holds the data directory's lock, so a file that is in the way is a dead server's; the
 * directory itself is closed to others, so the moment before the mode is set opens nothing.
 */
export async function listenOnSocket(listener: RequestListener, path: string): Promise<Server> {
  await rm(path, { force: true })
  const server = createServer(
    {
      keepAliveTimeout: limits.socketKeepAliveMilliseconds,
      requestTimeout: limits.socketRequestMilliseconds,
    },
    listener,
  )
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ path }, resolve)
  await promise
  await chmod(path, 0o600)
  return server
}
