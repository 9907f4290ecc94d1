// SPDX-License-Identifier: Apache-2.0
/** A way to PostgreSQL that is cut where a test says: TCP on this machine, bytes passed as they come. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * Where the next COMMIT, or what a test names in its place, is cut off: `sent` before the server has it,
 * `answered` after the server has said that it is done, `waiting` as soon as the server has it.
 */
export type Cut = 'sent' | 'waiting' | 'answered'

const commit = 'COMMIT\0'

export class CuttingProxy {
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #armed: Cut | undefined
  #asked = commit
  #told = commit
  #cuts = 0

  private constructor(socket: string) {
    this.#server = createServer((client) => this.#pass(client, connect(socket)))
  }

  /** @param socket the path of the server's socket */
  static async open(socket: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(socket)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many connections were cut at a COMMIT. */
  get cuts(): number {
    return this.#cuts
  }

  /** Cuts the connection of the next COMMIT, or of what is asked and told with these words. */
  cutCommit(where: Cut, asked = commit, told = commit): void {
    this.#armed = where
    this.#asked = asked
    this.#told = told
  }

  /** Resolves once the connection was cut. */
  async wasCut(): Promise<void> {
    if (this.#armed !== undefined) await once(this.#server, 'cut')
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #pass(client: Socket, server: Socket) {
    const pair = [client, server] as const
    this.#pairs.add(pair)
    let committing = false
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.on('close', () => {
        for (const one of pair) one.end()
        this.#pairs.delete(pair)
      })
    }
    client.on('data', (bytes) => {
      const commits = bytes.includes(this.#asked)
      if (commits && this.#armed === 'sent') return this.#cut(client)
      if (commits) committing = true
      server.write(bytes, () => {
        if (commits && this.#armed === 'waiting') this.#cut(client)
      })
    })
    server.on('data', (bytes) => {
      if (committing && this.#armed === 'answered' && bytes.includes(this.#told))
        return this.#cut(client)
      client.write(bytes)
    })
  }

  /** Only the client's side, so that what the server has read is still done. */
  #cut(client: Socket) {
    this.#armed = undefined
    this.#cuts++
    client.destroy()
    this.#server.emit('cut')
  }
}
