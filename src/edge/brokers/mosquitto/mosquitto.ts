// SPDX-License-Identifier: Apache-2.0
import { type BrokerIdentity, brokerIdentities } from '#core/enforcement/check-integration.ts'
import type { Batch, Enforced, Examined, IntegrationDesk, Want } from '#core/enforcement/port.ts'
import type { Integration } from '#core/ledger/tables.ts'
import type { Randomness } from '#core/ports.ts'
import { parsePem } from '#format/pem.ts'
import { type Place, PlaceError } from '../place.ts'
import { Administrator, type BrokerAddress, BrokerError, type Reply } from './administrator.ts'
import {
  barredAsFoundRole,
  barredRole,
  type Command,
  commandsFor,
  isFulfilled,
  type KnownClient,
  readClient,
  roleCommands,
} from './commands.ts'
import { userNameOf } from './user-name.ts'

export interface MosquittoMeans {
  readonly place: Place
  readonly random: Randomness
  /** This process among the nodes: no two may come to a broker under one name. */
  readonly node: string
}

/** Mosquitto with its dynamic-security plugin, spoken to as an administrator of that. */
export class MosquittoDesk implements IntegrationDesk {
  readonly #means: MosquittoMeans
  /** By the integration's id. */
  readonly #open = new Map<string, Promise<Administrator>>()

  constructor(means: MosquittoMeans) {
    this.#means = means
  }

  async enforce(integration: Integration, batch: Batch, signal: AbortSignal): Promise<Enforced> {
    const identity = identityOf(integration)
    const users = usersOf(batch, identity)
    if (users.size === 0) return { kind: 'enforced', sessionsEnded: 0, isCounted: true }
    return this.#within<Enforced>(integration, signal, async (administrator, ourselves) => {
      if (ourselves !== undefined && users.has(ourselves))
        return { kind: 'refused', detail: `its user ${ourselves} is how we come to it ourselves` }
      return fulfil(users, administrator, signal)
    })
  }

  async examine(integration: Integration, signal: AbortSignal): Promise<Examined> {
    return this.#within<Examined>(integration, signal, async (administrator) => {
      const [said] = await administrator.ask([{ command: 'getRole', rolename: barredRole }], signal)
      if (said?.error !== null)
        return { kind: 'down', detail: 'its dynamic security does not obey us' }
      const sessions = (await administrator.tellsSessions()) ? 'counted' : 'not told'
      return { kind: 'well', facts: { identity: identityOf(integration), sessions } }
    })
  }

  /** Gives up all connections. */
  async close(): Promise<void> {
    const opening = [...this.#open.values()]
    this.#open.clear()
    for (const one of await Promise.allSettled(opening))
      if (one.status === 'fulfilled') one.value.close()
  }

  /** Does something over the open connection, or a new one; `ourselves` is our own user name there, if known. */
  async #within<T>(
    integration: Integration,
    signal: AbortSignal,
    work: (administrator: Administrator, ourselves: string | undefined) => Promise<T>,
  ): Promise<T | { readonly kind: 'down'; readonly detail: string }> {
    const { id } = integration
    try {
      const address = this.#addressOf(integration)
      const administrator = await this.#administrator(id, address, signal)
      return await work(administrator, ownName(integration, address))
    } catch (error) {
      if (!(error instanceof BrokerError || error instanceof PlaceError)) throw error
      const opened = this.#open.get(id)
      this.#open.delete(id)
      opened?.then((one) => one.close()).catch(() => {})
      return { kind: 'down', detail: error.message }
    }
  }

  async #administrator(
    id: string,
    address: BrokerAddress,
    signal: AbortSignal,
  ): Promise<Administrator> {
    const known = await this.#open.get(id)
    if (known?.isOpen) return known
    const nonce = () => this.#means.random.bytes(16).toHex()
    const opening = Administrator.open(address, nonce, signal).then(async (administrator) => {
      await readyRoles(administrator, signal)
      return administrator
    })
    this.#open.set(id, opening)
    return opening
  }

  #addressOf({ address, settings }: Integration): BrokerAddress {
    const { place, node } = this.#means
    const { certificateFile, keyFile, rootsFile, user, passwordFile } = settings
    return {
      ...{ url: address, clientId: `vitalsign-${node}` },
      ...(rootsFile !== undefined && { ca: place.text(rootsFile) }),
      ...(certificateFile !== undefined && { cert: place.text(certificateFile) }),
      ...(keyFile !== undefined && { key: place.secret(keyFile) }),
      ...(user !== undefined && { username: user }),
      ...(passwordFile !== undefined && { password: firstLine(place.secret(passwordFile)) }),
    }
  }
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}

function identityOf({ settings }: Integration): BrokerIdentity {
  return brokerIdentities.find((one) => one === settings['identity']) ?? 'common-name'
}

/** What the broker takes us for: to bar that would lock us out. */
function ownName(integration: Integration, { cert, username }: BrokerAddress): string | undefined {
  if (typeof cert !== 'string') return username
  const [first] = parsePem(cert)
  return first && userNameOf(first.bytes, identityOf(integration))
}

/** One name may be that of several certificates of an owner. */
function usersOf({ wishes }: Batch, identity: BrokerIdentity): ReadonlyMap<string, Want> {
  const users = new Map<string, Want>()
  for (const { want, certificates } of wishes)
    for (const { der } of certificates) {
      const name = userNameOf(der, identity)
      if (name !== undefined) users.set(name, want)
    }
  return users
}

async function readyRoles(administrator: Administrator, signal: AbortSignal): Promise<void> {
  const names = [barredRole, barredAsFoundRole]
  const asked = await administrator.ask(
    names.map((rolename) => ({ command: 'getRole', rolename })),
    signal,
  )
  const known = new Set(names.filter((_, index) => asked[index]?.error === null))
  const made = await administrator.ask(roleCommands(known), signal)
  if (made.some(({ error }) => error !== null))
    throw new BrokerError(
      'it lets us make no role: we are no administrator of its dynamic security',
    )
}

/** Looks how each user stands, says what is missing, and looks again: only what the broker then says counts. */
async function fulfil(
  users: ReadonlyMap<string, Want>,
  administrator: Administrator,
  signal: AbortSignal,
): Promise<Enforced> {
  const names = [...users.keys()]
  const before = await lookAt(names, administrator, signal)
  administrator.takeEnded()
  const commands = names.flatMap((name) =>
    commandsFor(name, users.get(name) ?? 'drop', before.get(name)),
  )
  const replies = await administrator.ask(commands, signal)
  const sessionsEnded = administrator.takeEnded()
  const after = await lookAt(names, administrator, signal)
  const failed = names.filter((name) => !isFulfilled(users.get(name) ?? 'drop', after.get(name)))
  const [first] = failed
  if (first !== undefined)
    return {
      kind: 'refused',
      detail: `it did not do as asked with ${failed.length} of ${names.length} users`,
    }
  const dropped = dropsRefused(commands, replies)
  if (dropped > 0) return { kind: 'refused', detail: `it ended no sessions of ${dropped} users` }
  return { kind: 'enforced', sessionsEnded, isCounted: await administrator.tellsSessions() }
}

/** Commands whose only outcome is that sessions end: how the client stands afterwards says nothing of them. */
function dropsRefused(commands: readonly Command[], replies: readonly Reply[]): number {
  const ending = ['modifyClient', 'disableClient', 'deleteClient']
  return replies.filter(
    ({ error }, index) => error !== null && ending.includes(commands[index]?.command ?? ''),
  ).length
}

async function lookAt(
  names: readonly string[],
  administrator: Administrator,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, KnownClient>> {
  const replies = await administrator.ask(
    names.map((username) => ({ command: 'getClient', username })),
    signal,
  )
  const known = new Map<string, KnownClient>()
  for (const [index, { data, error }] of replies.entries()) {
    const name = names[index]
    if (name === undefined || error === 'Client not found') continue
    const client = error === null ? readClient(name, data) : undefined
    if (client === undefined) throw new BrokerError('it does not tell how its clients stand')
    known.set(name, client)
  }
  return known
}
