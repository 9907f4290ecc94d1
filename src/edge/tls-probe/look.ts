// SPDX-License-Identifier: Apache-2.0
/** Asks a peer one thing a connection until it is known what it offers. */
import type { Clock, Randomness } from '#core/ports.ts'
import { FormatError } from '#format/format-error.ts'
import type { ClientHello } from '#format/tls/client-hello.ts'
import {
  groupName,
  groups,
  modernSuites,
  olderSuites,
  type Suite,
  suiteOf,
  type VersionName,
  versionName,
  versionNames,
  versions,
} from '#format/tls/code-points.ts'
import {
  messageType,
  parseCertificateMessage,
  parseCertificateRequest,
  parseCertificateStatus,
  parseKeyExchangeGroup,
  type SentChain,
  type ServerHello,
} from '#format/tls/server-flight.ts'
import { type Answered, sayHello } from './flight.ts'
import { ownShares, readableSuites } from './handshake-keys.ts'
import { type Resumption, tryResumption } from './resumption.ts'
import type { Peer, ProbeLimits } from './wire.ts'

export interface LookPorts {
  readonly random: Randomness
  readonly clock: Clock
  /** Hears what is asked now. */
  tell(what: string): void
}

/** Whether a version is spoken; `unknown` with why. */
export type Spoken = 'spoken' | 'refused' | { readonly unknown: string }

export interface Look {
  readonly connections: number
  /** Not every question could be asked within the limits. */
  readonly isCut: boolean
  readonly versions: Readonly<Record<VersionName, Spoken>>
  /** Of TLS 1.3 and of 1.2, in the order in which the peer chose among those that were left. */
  readonly suites: { readonly modern: readonly Suite[]; readonly older: readonly Suite[] }
  /** Of TLS 1.3. */
  readonly groups: readonly string[]
  /** Of TLS 1.2: the group that it chose. */
  readonly olderGroup: string | undefined
  /** The hello of TLS 1.2, for what is agreed there. */
  readonly olderHello: ServerHello | undefined
  /** Of the best version; undefined: it could not be read, as `unread` says. */
  readonly chain: SentChain | undefined
  readonly unread: string | undefined
  /** DER of the names of a certificate request; undefined: none was sent. */
  readonly asksFor: readonly Uint8Array[] | undefined
  readonly resumption: { readonly [V in 'TLS 1.2' | 'TLS 1.3']?: Resumption }
}

/** Nothing answered, or nothing that is TLS. */
export interface NoLook {
  readonly kind: 'none'
  readonly words: string
  readonly isReached: boolean
}

export async function lookAt(
  peer: Peer,
  limits: ProbeLimits,
  ports: LookPorts,
): Promise<({ readonly kind: 'look' } & Look) | NoLook> {
  const asker = new Asker(peer, limits, ports)
  const first = await asker.ask('what it says first', {
    versions: [0x0304, 0x0303, 0x0302, 0x0301],
  })
  if (first.kind === 'unknown') return { ...first, kind: 'none' }
  const spoken = await asker.versions()
  const hasModern = spoken['TLS 1.3'] === 'spoken'
  const hasOlder = spoken['TLS 1.2'] === 'spoken'
  const known = Object.values(spoken)
  if (!known.includes('spoken')) {
    const words =
      first.kind === 'hello' ? 'it agreed to no version that was asked for' : first.words
    return { kind: 'none', words: `no version of TLS is agreed: ${words}`, isReached: true }
  }
  const [modern, older] = [
    hasModern ? await asker.suites(modernSuites, ['TLS 1.3']) : [],
    hasOlder ? await asker.suites(olderSuites, ['TLS 1.2']) : [],
  ]
  const foundGroups = hasModern ? await asker.groups() : []
  const olderFlight = hasOlder ? await asker.flight('TLS 1.2') : undefined
  const flight = hasModern ? await asker.flight('TLS 1.3') : olderFlight
  const resumption = {
    ...(hasModern && { 'TLS 1.3': await asker.resumption('TLSv1.3') }),
    ...(hasOlder && { 'TLS 1.2': await asker.resumption('TLSv1.2') }),
  }
  return {
    ...{ kind: 'look', versions: spoken, suites: { modern, older }, groups: foundGroups },
    ...{ connections: asker.connections, isCut: asker.isCut, resumption },
    ...{ olderGroup: olderFlight?.group, olderHello: olderFlight?.hello },
    ...{ chain: flight?.chain, asksFor: flight?.asksFor, unread: flight?.unread },
  }
}

type Wanted = Pick<ClientHello, 'versions'> & Partial<ClientHello>

class Asker {
  readonly #peer: Peer
  readonly #limits: ProbeLimits
  readonly #ports: LookPorts
  readonly #until: number
  connections = 0
  isCut = false

  constructor(peer: Peer, limits: ProbeLimits, ports: LookPorts) {
    this.#peer = peer
    this.#limits = limits
    this.#ports = ports
    this.#until = ports.clock.now().epochMilliseconds + limits.allMilliseconds
  }

  async ask(what: string, wanted: Wanted, shares = wanted.shares): Promise<Answered> {
    if (!this.#mayAsk(what))
      return { kind: 'unknown', words: 'not asked any more', isReached: true }
    const hello: ClientHello = {
      suites: [...modernSuites, ...olderSuites].map(({ code }) => code),
      groups: Object.values(groups),
      ...{ serverName: this.#peer.serverName, random: this.#ports.random.bytes(32) },
      ...wanted,
      shares: shares ?? [],
    }
    return sayHello(this.#peer, hello, this.#limits)
  }

  #mayAsk(what: string, connections = 1): boolean {
    const { clock, tell } = this.#ports
    const isOver =
      this.connections + connections > this.#limits.mostConnections ||
      clock.now().epochMilliseconds > this.#until
    this.isCut ||= isOver
    if (isOver) return false
    this.connections += connections
    tell(what)
    return true
  }

  async versions(): Promise<Record<VersionName, Spoken>> {
    const found: Partial<Record<VersionName, Spoken>> = {}
    for (const name of versionNames) {
      const suites = name === 'TLS 1.3' ? modernSuites : olderSuites
      const answer = await this.ask(name, {
        ...{ versions: [versions[name]], suites: suites.map(({ code }) => code) },
      })
      found[name] = spokenBy(answer, name)
    }
    return found as Record<VersionName, Spoken>
  }

  /** Asks with ever fewer until it refuses: each answer is one that it takes. */
  async suites(all: readonly Suite[], [version]: readonly [VersionName]): Promise<Suite[]> {
    const found: Suite[] = []
    let left = all
    while (left.length > 0) {
      const answer = await this.ask(`suites of ${version}: ${found.length + 1}`, {
        ...{ versions: [versions[version]], suites: left.map(({ code }) => code) },
      })
      if (answer.kind !== 'hello') break
      const { suite } = answer.hello
      if (!left.some(({ code }) => code === suite)) break
      found.push(suiteOf(suite))
      left = left.filter(({ code }) => code !== suite)
    }
    return found
  }

  async groups(): Promise<string[]> {
    const found: string[] = []
    let left: readonly number[] = Object.values(groups)
    while (left.length > 0) {
      const answer = await this.ask(`groups: ${found.length + 1}`, {
        ...{ versions: [versions['TLS 1.3']], suites: modernSuites.map(({ code }) => code) },
        groups: left,
      })
      const group = answer.kind === 'hello' ? answer.hello.group : undefined
      if (group === undefined || !left.includes(group)) break
      found.push(groupName(group))
      left = left.filter((one) => one !== group)
    }
    return found
  }

  /** The server's whole part of a handshake. */
  async flight(version: 'TLS 1.2' | 'TLS 1.3'): Promise<Flight> {
    if (!this.#mayAsk(`its certificate, ${version}`)) return { unread: 'it was not asked any more' }
    const isModern = version === 'TLS 1.3'
    const shares = ownShares()
    const hello: ClientHello = {
      versions: [versions[version]],
      suites: isModern ? readableSuites : olderSuites.map(({ code }) => code),
      // Only what can be answered: else it would ask for another share, and say nothing of itself.
      groups: isModern ? shares.map(({ group }) => group) : Object.values(groups),
      ...{ shares, serverName: this.#peer.serverName, random: this.#ports.random.bytes(32) },
    }
    const answer = await sayHello(this.#peer, hello, this.#limits, shares)
    if (answer.kind !== 'hello') {
      const known = shares.map(({ group }) => groupName(group)).join(', ')
      return { unread: isModern ? `to the groups ${known} it says: ${answer.words}` : answer.words }
    }
    try {
      return { hello: answer.hello, ...readMessages(answer.messages, isModern) }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      return { hello: answer.hello, unread: error.message }
    }
  }

  async resumption(version: 'TLSv1.2' | 'TLSv1.3'): Promise<Resumption> {
    if (!this.#mayAsk(`resumption, ${version}`, 2)) return { kind: 'untold', words: 'not asked' }
    return tryResumption(this.#peer, version, this.#limits)
  }
}

interface Flight {
  readonly hello?: ServerHello
  readonly chain?: SentChain | undefined
  readonly asksFor?: readonly Uint8Array[] | undefined
  readonly group?: string | undefined
  readonly unread?: string | undefined
}

function spokenBy(answer: Answered, name: VersionName): Spoken {
  if (answer.kind === 'hello')
    return versionName(answer.hello.version) === name ? 'spoken' : 'refused'
  return answer.kind === 'unknown' ? { unknown: answer.words } : 'refused'
}

function readMessages(
  messages: readonly { readonly type: number; readonly body: Uint8Array }[],
  isModern: boolean,
) {
  const bodyOf = (type: number) => messages.find((one) => one.type === type)?.body
  const [certificate, request, status, exchange] = [
    bodyOf(messageType.certificate),
    bodyOf(messageType.certificateRequest),
    bodyOf(messageType.certificateStatus),
    bodyOf(messageType.serverKeyExchange),
  ]
  const chain = certificate && parseCertificateMessage(certificate, isModern)
  const staple = isModern || status === undefined ? undefined : parseCertificateStatus(status)
  const group = exchange && parseKeyExchangeGroup(exchange)
  return {
    chain: chain && { ...chain, staple: staple ?? chain.staple },
    asksFor: request && parseCertificateRequest(request, isModern),
    group: group === undefined ? undefined : groupName(group),
    unread: chain === undefined ? 'it sent no certificate that could be read' : undefined,
  }
}
