// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps revocation lists fresh for a broker or a proxy beside it, which reads them from a file when it is told to
 * by SIGHUP. Once a minute, and at once when Vitalsign says that trust in somebody ended or is given back: whoever
 * was cut off is then refused at the handshake.
 *
 *   node list-keeper.ts CONFIGURATION.json
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { receiver } from '../webhook-receiver/receiver.ts'
import { RevocationLists } from './revocation-lists.ts'
import { say } from './say.ts'

interface Configuration {
  /** Addresses of the lists, of issuer and root. */
  readonly lists: readonly string[]
  readonly file: string
  /** With the id of the process that reads the file. */
  readonly pidFile: string
  /** The public key with which Vitalsign signs its messages, PEM. */
  readonly messageKey: string
}

const configuration = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Configuration
const lists = new RevocationLists({
  urls: configuration.lists,
  file: configuration.file,
  changed: tellProgram,
})
await lists.start()
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lists`
server.on(
  'request',
  receiver({
    ...{ key: configuration.messageKey, address },
    carryOut: async () => {
      await lists.refresh()
      // It ends no session by itself.
      return 0
    },
  }),
)
say({ what: 'keeping', messages: address })

/** A program that does not run reads the file when it starts. */
function tellProgram(): void {
  try {
    process.kill(Number(readFileSync(configuration.pidFile, 'utf8')), 'SIGHUP')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error
  }
}
