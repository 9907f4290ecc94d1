// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '#trust/algorithms.ts'
import type { Doors } from '../enrolment/doors.ts'
import { keyMadeByServer } from '../enrolment/server-key/occasion.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority, Entrance } from '../ledger/tables.ts'
import type { Profile } from '../policy/profile.ts'
import {
  adoptedAuthority,
  adoptedLife,
  authorityLives,
  type CredentialLife,
  deviceLives,
  houseLives,
} from './credential-words.ts'
import { keyTests } from './key-tests.ts'

/** One type of credential as it is used in this installation. */
export interface CredentialRow extends CredentialLife {
  /** Key algorithms with their strength in bits; empty where there is no key. */
  readonly algorithms: readonly { readonly name: string; readonly strength: number }[]
  /** The profile that rules it, and the entrances that use it. */
  readonly profile: { readonly name: string; readonly version: number } | null
  readonly entrances: readonly string[]
  /** How many are in force, and how many were revoked; null where they are not counted. */
  readonly counts: { readonly issued: number; readonly revoked: number } | null
}

interface ReportPorts {
  readonly ledger: Ledger
  readonly doors: Doors
}

/** Every type of credential that this installation makes or takes, with its life. */
export async function credentialReport(ports: ReportPorts): Promise<readonly CredentialRow[]> {
  const byProfile = await entrancesByProfile(ports)
  const devices = await Promise.all(
    byProfile.map(({ profile, entrances }) => deviceRow(profile, entrances, ports.ledger)),
  )
  return [
    ...devices.flatMap((row) => (row === undefined ? [] : [row])),
    ...(await adoptedRows(ports)),
    ...ports.doors.own.flatMap(authorityRow),
    ...houseLives.map((life) => ({
      ...{ ...life, algorithms: [], profile: null, entrances: [], counts: null },
    })),
  ]
}

/** The profiles that entrances use, newest version each, in the order of their names. */
async function entrancesByProfile({ ledger, doors }: ReportPorts) {
  const entrances = new Map<string, Entrance[]>()
  let after: string | null | undefined
  do {
    const page = await ledger.list('entrance', { limit: 1000, ...(after && { after }) })
    for (const entrance of page.items) {
      const list = entrances.get(entrance.profile) ?? []
      list.push(entrance)
      entrances.set(entrance.profile, list)
    }
    after = page.next
  } while (after !== null)
  return [...entrances].sort().flatMap(([, list]) => {
    const door = doors.labelled(list[0]?.label ?? '')
    return 'kind' in door
      ? []
      : [{ profile: door.profile, entrances: list.map(({ label }) => label) }]
  })
}

async function deviceRow(
  profile: Profile,
  entrances: readonly string[],
  ledger: Ledger,
): Promise<CredentialRow | undefined> {
  if (profile.kind !== 'birth' && profile.kind !== 'working') return undefined
  const made = await ledger.count('exception', { by: 'rule', equal: [keyMadeByServer] })
  const { stored, generated } = deviceLives[profile.kind]
  const tested = await keyTests(ledger)
  const byServer =
    profile.serverKeys.length === 0
      ? ''
      : `; the profile also lets the server make keys of ${profile.serverKeys.join(', ')}, each recorded as an exception (${made} in this installation so far)`
  return {
    ...deviceLives[profile.kind],
    generated: `${generated}${byServer}; ${tested}`,
    validity: `${validityOf(profile)}${signedBy(profile)}`,
    stored: `${stored}; ${await attestedOf(profile, ledger)}`,
    algorithms: profile.keyAlgorithms.map(strengthOf),
    profile: { name: profile.name, version: profile.version },
    entrances,
    counts: await countsOf(profile.name, ledger),
  }
}

/** How many of the keys in use are known to live in hardware, and whether the profile takes any other. */
async function attestedOf({ kind, attestation }: Profile, ledger: Ledger): Promise<string> {
  const inUse = { purpose: kind, origin: 'device', state: 'active' } as const
  const [all, attested] = await Promise.all([
    ledger.count('key', { where: inUse }),
    ledger.count('key', { where: { ...inUse, attested: true } }),
  ])
  const count = `${attested} of ${all} keys of this kind in use here were attested by their hardware`
  return attestation === undefined
    ? count
    : `${count}; this profile certifies no other (${attestation.required.join(' or ')})`
}

async function countsOf(profile: string, ledger: Ledger) {
  const count = (state: 'issued' | 'revoked') =>
    ledger.count('certificate', { by: 'state', equal: [state], where: { profile } })
  const [issued, revoked] = await Promise.all([count('issued'), count('revoked')])
  return { issued, revoked }
}

/** What was taken over, if anything was. */
async function adoptedRows({ ledger, doors }: ReportPorts): Promise<readonly CredentialRow[]> {
  if (!doors.own.some(({ origin }) => origin === 'adopted')) return []
  const counts = await countsOf('adopted', ledger)
  return [{ ...adoptedLife, algorithms: [], profile: null, entrances: [], counts }]
}

function signedBy({ hosting }: Profile): string {
  return hosting === undefined
    ? ''
    : `; signed by upstream ${hosting.upstream}, which gives ${hosting.mayDiffer.includes('validity') ? 'a life of its own' : 'this or less'}`
}

function validityOf({ validity, maximumKeyAge }: Profile): string {
  const key = maximumKeyAge === undefined ? '' : `; one key for ${days(maximumKeyAge)} at most`
  switch (validity.kind) {
    case 'hours':
      return `${days(validity.lifetime)}${key}`
    case 'until':
      return `until ${validity.notAfter}${key}`
    case 'issuer':
      return `as long as its issuer${key}`
  }
}

function days(span: Temporal.Duration): string {
  const count = span.total('hours') / 24
  return count >= 2 ? `${Math.round(count)} days` : `${span.total('hours')} hours`
}

function authorityRow(authority: Authority): readonly CredentialRow[] {
  const { kind, name, notAfter, issueUntil, algorithm, origin } = authority
  if (kind === 'foreign') return []
  return [
    {
      ...authorityLives[kind],
      type: `${authorityLives[kind].type} ${name}`,
      ...(origin === 'adopted' && adoptedAuthority),
      validity: `until ${notAfter}${kind === 'issuing' ? `; issues until ${issueUntil}` : ''}`,
      algorithms: [strengthOf(algorithm)],
      ...{ profile: null, entrances: [], counts: null },
    },
  ]
}

function strengthOf(name: string): CredentialRow['algorithms'][number] {
  const row = Object.values(keyAlgorithms).find((one) => one.name === name)
  return { name, strength: row?.strength ?? 0 }
}
