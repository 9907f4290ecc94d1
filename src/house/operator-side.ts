// SPDX-License-Identifier: Apache-2.0
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import { makeClaimLink } from '#core/people/claim.ts'
import { AdminApiOnDemand } from '#edge/admin/api-on-demand.ts'
import { listenOnSocket, localDoor } from '#edge/admin/doors/local.ts'
import { machineDoor } from '#edge/admin/doors/machine.ts'
import { operatorDoor } from '#edge/admin/doors/operator.ts'
import { claimPath } from '#edge/admin/ledger-verbs/link-paths.ts'
import type { FrontTrouble } from '#edge/http/converse.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import { createServer } from '#edge/http/node-http.ts'
import type { Witness } from '#edge/http/seen.ts'
import { hostText } from './configuration.ts'
import type { PortName } from './logging.ts'
import { pageFiles } from './page-files.ts'
import { type VerbParts, verbLoader } from './verb-rooms.ts'
import { withinScope } from './verbs/builder-scope.ts'

export interface OperatorParts extends VerbParts {
  /** Who sees the requests of a port. */
  readonly witness: (port: PortName) => Witness
  /** Hears of each operation that broke. */
  readonly report: (trouble: FrontTrouble) => void
}

/** The three ways in to the admin API: a port for browsers, a socket for the owner, machines' requests. */
export interface OperatorSide {
  readonly address: ListenAddress
  readonly socket: string
  /** Answers `/api/v1` on the device port. */
  readonly machineHandler: RequestListener
  /** Undefined once somebody has claimed the installation. */
  readonly claimLink: string | undefined
  close(): Promise<void>
}

/** @throws Fault `port-taken` if the operators' address cannot be had */
export async function openOperatorSide(parts: OperatorParts): Promise<OperatorSide> {
  const { configuration, core } = parts
  const loadVerb = withinScope(verbLoader(parts), core.ledger)
  const common = {
    ...{ loadVerb, clock: core.clock, random: core.random, refusals: core.refusals },
    version: parts.facts.version,
    report: parts.report,
  }
  // The port comes first: the door has to know under which names a browser may speak to it.
  const server = await listening(configuration.operatorListen)
  const { port } = server.address() as AddressInfo
  const { host } = configuration.operatorListen
  const names = new Set(['localhost', '127.0.0.1', '[::1]', hostText(host)])
  const origins = [...names].map((name) => `http://${name}:${port}`)
  const operators = new AdminApiOnDemand({
    ...common,
    door: operatorDoor({ ...core, origins }),
    witness: parts.witness('operators'),
    pages: pageFiles(),
  })
  server.on('request', operators.answer)
  const machines = new AdminApiOnDemand({
    ...common,
    door: machineDoor(core),
    witness: parts.witness('devices'),
  })
  const local = new AdminApiOnDemand({
    ...common,
    door: localDoor(),
    witness: parts.witness('socket'),
  })
  const socket = join(configuration.data, 'admin.sock')
  const localServer = await listenOnSocket(local.answer, socket)
  const claim = await makeClaimLink({ kind: 'house', id: 'start' }, core)
  return {
    address: { host, port },
    socket,
    machineHandler: machines.answer,
    claimLink: 'token' in claim ? `${origins[0]}${claimPath(claim.token)}` : undefined,
    close: async () => {
      server.closeAllConnections()
      await Promise.all([operators.close(), local.close(), machines.close()])
      await closed(localServer)
      server.close()
    },
  }
}

/** Takes nothing new, and resolves when the last answer has left. */
function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  return promise
}

async function listening({ host, port }: ListenAddress): Promise<Server> {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port }, resolve)
  await promise.catch((cause: Error) => {
    throw new Fault('port-taken', `cannot listen on ${host} port ${port}: ${cause.message}`, {
      cause,
    })
  })
  return server
}
