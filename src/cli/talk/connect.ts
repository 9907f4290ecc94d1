// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import type { Said } from '../commands/read-line.ts'
import { readTextFile } from '../files.ts'
import type { Means, OpenedHouse } from '../means.ts'
import { broken, wrongUse } from '../stop.ts'
import { remotePlace } from './remote.ts'
import { Server } from './server.ts'
import { Wire } from './wire.ts'

/** A server that is talked to, and what must be closed after. */
export interface Connection {
  readonly server: Server
  close(): Promise<void>
}

const onlyRemote = ['cert', 'root', 'ca', 'idToken'] as const

/**
 * Finds the server that was meant: one elsewhere, the one that runs on the data directory, or, where
 * none runs, the installation itself, opened for this command.
 *
 * @throws Stop
 */
export async function openConnection(said: Said, means: Means): Promise<Connection> {
  const address = said.text('remoteServer')
  if (address !== undefined) {
    if (said.text('data') !== undefined) throw wrongUse('--server and --data exclude each other')
    const wire = new Wire(await remotePlace(address, said))
    await signInAsJob(said.text('idToken'), wire)
    return connectionTo(wire)
  }
  const needless = onlyRemote.find((name) => said.text(name) !== undefined)
  if (needless !== undefined) throw wrongUse(`--${needless} says nothing without --server`)
  return openLocal(resolve(said.text('data') ?? './data'), means)
}

/** A job is let in once for its ID token; what it is given lives in this process alone. @throws Stop */
async function signInAsJob(file: string | undefined, wire: Wire): Promise<void> {
  if (file === undefined) return
  const token = readTextFile(file, '--id-token').trim()
  const answer = await new Server(wire).ask('build.sign-in', { token })
  wire.speakAs(answer.token)
}

async function openLocal(data: string, means: Means): Promise<Connection> {
  const socket = join(data, 'admin.sock')
  if (await answers(socket)) return connectionTo(new Wire({ kind: 'socket', path: socket }))
  if (!existsSync(join(data, 'keys'))) {
    throw broken(
      `there is no installation in ${data}`,
      '"npm start" makes one; or name another directory with --data DIR',
    )
  }
  const house = await means.openHouse(data)
  return connectionTo(new Wire({ kind: 'socket', path: house.socket }), house)
}

/** The server that runs on a data directory; undefined where none does. @throws Stop */
export async function openRunning(data: string): Promise<Connection | undefined> {
  const path = join(data, 'admin.sock')
  return (await answers(path)) ? connectionTo(new Wire({ kind: 'socket', path })) : undefined
}

function connectionTo(wire: Wire, house?: OpenedHouse): Connection {
  return {
    server: new Server(wire),
    close: async () => {
      wire.close()
      await house?.close()
    },
  }
}

/** Whether somebody listens on the socket; a file that a dead server left behind does not. */
async function answers(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const socket = connect({ path })
  socket.once('connect', () => resolve(true))
  socket.once('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED') resolve(false)
    else if (cause.code === 'EACCES') {
      const hint = 'only the owner of the data directory is its administrator; be that user'
      reject(broken(`${path} may not be opened`, hint, cause))
    } else reject(broken(`${path}: ${cause.message}`, 'look at --data', cause))
  })
  return promise.finally(() => socket.destroy())
}
