// SPDX-License-Identifier: Apache-2.0
/** What is said to Mosquitto's dynamic security, as values: its commands, and which of them a wish needs. */
import type { Want } from '#core/enforcement/port.ts'

/** One command of `$CONTROL/dynamic-security/v1`. */
export interface Command {
  readonly command: string
  readonly [parameter: string]: unknown
}

/** What the broker knows of a user name. */
export interface KnownClient {
  readonly isDisabled: boolean
  readonly roles: readonly string[]
  /** Whether it was made by us, to be barred: nobody else gave it anything. */
  readonly isOurs: boolean
}

/**
 * Who is barred has one of these, before all other roles. Disabling alone ends a session and does not keep the next
 * one away: where the identity comes from the certificate, Mosquitto does not ask whether the client is disabled.
 * With the role it may neither publish nor subscribe nor receive, whatever else allows it.
 */
export const barredRole = 'vitalsign-barred'
/** The same, of one that somebody else had disabled before: a release leaves it disabled. */
export const barredAsFoundRole = 'vitalsign-barred-as-found'

const barringRoles = [barredRole, barredAsFoundRole]
const beforeAllOthers = 1_000_000
const ourMark = 'made by Vitalsign to be barred'

/** `#` matches no topic that begins with a dollar (MQTT 5.0 section 4.7.2). */
const everything = ['#', '$SYS/#', '$CONTROL/#']
const acls = ['publishClientSend', 'publishClientReceive', 'subscribePattern'].flatMap((acltype) =>
  everything.map((topic) => ({ acltype, topic, priority: beforeAllOthers, allow: false })),
)

/** Makes the roles what they are to be, whether they are there or not. */
export function roleCommands(known: ReadonlySet<string>): readonly Command[] {
  return barringRoles.map((rolename) => ({
    command: known.has(rolename) ? 'modifyRole' : 'createRole',
    ...{ rolename, textname: 'no session', textdescription: 'trust in its owner has ended', acls },
  }))
}

/** What has to be said so that a client becomes what is wanted of it. */
export function commandsFor(
  username: string,
  want: Want,
  known: KnownClient | undefined,
): readonly Command[] {
  const isBarred = known?.roles.some((role) => barringRoles.includes(role)) ?? false
  if (want === 'bar') return barring(username, known, isBarred)
  const admitting = isBarred && known !== undefined ? admittingAgain(username, known) : []
  if (want === 'admit') return admitting
  // Each of these ends the sessions of a client and changes nothing else about it.
  if (admitting.length > 0) return [...admitting]
  if (known !== undefined) return [{ command: 'modifyClient', username }]
  return [
    { ...newClient(username), roles: [] },
    { command: 'deleteClient', username },
  ]
}

function barring(
  username: string,
  known: KnownClient | undefined,
  isBarred: boolean,
): readonly Command[] {
  const disabling = { command: 'disableClient', username }
  if (known === undefined) return [newClient(username), disabling]
  // One that is barred already may be there all the same; to be disabled once more ends that session.
  if (isBarred) return [disabling]
  const rolename = known.isDisabled ? barredAsFoundRole : barredRole
  return [{ command: 'addClientRole', username, rolename, priority: beforeAllOthers }, disabling]
}

function newClient(username: string): Command {
  const roles = [{ rolename: barredRole, priority: beforeAllOthers }]
  return { command: 'createClient', username, textname: ourMark, roles }
}

function admittingAgain(username: string, { roles, isOurs }: KnownClient): readonly Command[] {
  // Whom we made nobody else allows anything: it would be kept out by being known.
  if (isOurs && roles.every((role) => barringRoles.includes(role)))
    return [{ command: 'deleteClient', username }]
  const taken = roles
    .filter((role) => barringRoles.includes(role))
    .map((rolename) => ({ command: 'removeClientRole', username, rolename }))
  return roles.includes(barredAsFoundRole)
    ? taken
    : [...taken, { command: 'enableClient', username }]
}

/** Whether a client is what was wanted of it, as the broker says. */
export function isFulfilled(want: Want, known: KnownClient | undefined): boolean {
  const isBarred = known?.roles.some((role) => barringRoles.includes(role)) ?? false
  return want === 'bar' ? isBarred && known?.isDisabled === true : !isBarred
}

/** Reads `data` of the answer to getClient. @returns undefined if it is not what the broker would say */
export function readClient(username: string, data: unknown): KnownClient | undefined {
  const client = fieldOf(data, 'client')
  if (fieldOf(client, 'username') !== username) return undefined
  const listed = fieldOf(client, 'roles')
  if (!Array.isArray(listed)) return undefined
  const roles = listed.map((one) => fieldOf(one, 'rolename'))
  if (!roles.every((role) => typeof role === 'string')) return undefined
  return {
    isDisabled: fieldOf(client, 'disabled') === true,
    roles,
    isOurs: fieldOf(client, 'textname') === ourMark,
  }
}

export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
