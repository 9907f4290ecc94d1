// SPDX-License-Identifier: Apache-2.0
/** All who take part: the maker's installation, the broker, the server, the pumps. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { step } from '../../../demo/terminal.ts'
import type { Said } from '../say.ts'
import { type BrokerProgram, startBroker } from './broker.ts'
import { Installation } from './installation.ts'
import { freePort, type Part, startScript } from './part.ts'
import type { Watch } from './watch.ts'

export interface Scene {
  readonly installation: Installation
  /** Takes the power from a pump, and gives it back. */
  restart(serial: string): Promise<void>
}

const product = 'pump'
/** Under these names their certificates stand, and the broker knows the last two. */
const names = {
  broker: 'broker',
  server: 'telemetry',
  reader: 'telemetry-reader',
  warden: 'warden',
}

export async function openScene(
  directory: string,
  serials: readonly string[],
  found: BrokerProgram,
  watch: Watch,
): Promise<Scene> {
  const installation = await step('a maker founds an installation, for one product', () =>
    Installation.found(directory, product),
  )
  const place = join(directory, 'mosquitto')
  mkdirSync(place)
  const identities = await step('broker and server get identities, with keys of their own', () =>
    identitiesOf(installation, join(place, 'mosquitto.pid')),
  )
  const identityOf = await step(`${serials.length} pumps get theirs`, async () => {
    const pumps = serials.map(async (serial) => [serial, await installation.pump(serial)] as const)
    return new Map(await Promise.all(pumps))
  })
  const lists = ['issuing-1', 'root'].map((name) => `${installation.status}/crl/${name}.crl`)
  const port = await freePort()
  const broker = `mqtts://localhost:${port}`
  const messageKey = await installation.messageKey()
  await step('the broker starts: mutual TLS, names from certificates', async () => {
    const file = join(place, 'lists.pem')
    const keeping = await startTelling('keeping', 'list-keeper.ts', directory, watch, {
      ...{ lists, file, messageKey, pidFile: join(place, 'mosquitto.pid') },
    })
    await startBroker({
      ...{ ...found, directory: place, port, identity: identities.broker, lists: file },
      ...{ administrator: names.warden, reader: names.reader },
    })
    await installation.tellSessionsTo('broker-lists', keeping.messages)
    await installation.endSessionsAt(broker, identities.warden)
  })
  const serverPort = await step('the server starts, and reads from the broker', async () => {
    const serving = await startTelling('serving', 'server.ts', directory, watch, {
      ...{ serverIdentity: identities.server, clientIdentity: identities.reader },
      ...{ vitalsign: installation.address, lists, broker, product, directory, messageKey },
    })
    await installation.tellSessionsTo(names.server, serving.messages)
    return serving.port
  })
  const server = `https://localhost:${serverPort}`
  const running = new Map<string, Part>()
  const start = async (serial: string) => {
    const configuration = { identity: identityOf.get(serial), server, broker }
    const file = write(directory, serial, configuration)
    running.set(serial, await startScript('pump.ts', file, watch.hear))
  }
  await Promise.all(serials.map(start))
  return {
    installation,
    restart: async (serial) => {
      await running.get(serial)?.stop()
      await start(serial)
    },
  }
}

async function identitiesOf(installation: Installation, reloadPidFile: string) {
  const [broker, server, reader, warden] = await Promise.all([
    installation.application({ name: names.broker, profile: 'server', reloadPidFile }),
    installation.application({ name: names.server, profile: 'server' }),
    installation.application({ name: names.reader, profile: 'client' }),
    installation.application({ name: names.warden, profile: 'client' }),
  ])
  return { broker, server, reader, warden }
}

type Telling<W extends Said['what']> = Said & { readonly what: W }

/** Starts a program of ours; resolves with what it says once it is ready. */
async function startTelling<W extends 'serving' | 'keeping'>(
  what: W,
  script: string,
  directory: string,
  watch: Watch,
  configuration: object,
): Promise<Telling<W>> {
  const { promise, resolve } = Promise.withResolvers<Telling<W>>()
  await startScript(script, write(directory, what, configuration), (said) => {
    if (isTelling(said, what)) resolve(said)
    watch.hear(said)
  })
  return promise
}

function isTelling<W extends Said['what']>(said: Said, what: W): said is Telling<W> {
  return said.what === what
}

function write(directory: string, name: string, content: object): string {
  const file = join(directory, `${name}.json`)
  writeFileSync(file, JSON.stringify(content), { mode: 0o600 })
  return file
}
