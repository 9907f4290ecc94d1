// SPDX-License-Identifier: Apache-2.0
import type { NodeRecord } from '#core/ledger/tables.ts'
import type { Examined } from '../doctor.ts'
import { isSilent } from './this-node.ts'

type Found = Omit<Examined, 'check'>

/** More apart than this, one of two nodes refuses to sign after each event of the other. */
export const mostApartMilliseconds = 5_000

const good = (found: string): Found => ({ verdict: 'good', found, remedy: null })
const warning = (found: string, remedy: string): Found => ({ verdict: 'warning', found, remedy })
const bad = (found: string, remedy: string): Found => ({ verdict: 'bad', found, remedy })

/** Whether the nodes of one database live, and agree on what they must agree on. */
export function checkNodes(
  running: readonly NodeRecord[],
  now: Temporal.Instant,
): readonly (readonly [check: string, Found])[] {
  const living = running.filter((node) => !isSilent(node, now))
  // After a while without the database all are silent until their next sign.
  const heard = living.length > 0 ? living : running
  return [
    ['nodes', checkHeard(running, now)],
    ['clocks of the nodes', checkClocks(heard)],
    ['programs of the nodes', checkPrograms(heard)],
    ['names of the nodes', checkNames(heard)],
    ['public address of the nodes', checkPublicUrl(heard)],
    ['lists of weak keys of the nodes', checkKeyLists(heard)],
  ]
}

function checkHeard(running: readonly NodeRecord[], now: Temporal.Instant): Found {
  const silent = running.filter((node) => isSilent(node, now))
  if (silent.length === 0) return good(running.map(({ name }) => name).join(', '))
  return warning(
    silent
      .map(({ name, host, seenAt }) => `node ${name} on ${host} was last seen ${seenAt}`)
      .join('; '),
    'start it again, or leave it: after a day it is forgotten',
  )
}

function checkClocks(nodes: readonly NodeRecord[]): Found {
  const byClock = nodes
    .map(({ name, clockAheadMilliseconds }) => ({ name, ahead: clockAheadMilliseconds ?? 0 }))
    .toSorted((one, other) => one.ahead - other.ahead)
  const [first, last] = [byClock[0], byClock.at(-1)]
  if (first === undefined || last === undefined) return good('no clock')
  const remedy = 'set the clocks by a time service; a node whose clock is behind signs nothing'
  const apart = last.ahead - first.ahead
  if (apart > mostApartMilliseconds) {
    return bad(
      `the clock of ${last.name} is ${seconds(apart)} ahead of that of ${first.name}`,
      remedy,
    )
  }
  const off = Math.abs(first.ahead) > Math.abs(last.ahead) ? first : last
  if (Math.abs(off.ahead) <= mostApartMilliseconds) {
    return good(`within ${seconds(Math.max(apart, Math.abs(off.ahead)))} of each other`)
  }
  const side = off.ahead > 0 ? 'ahead of' : 'behind'
  const found = `the clock of ${off.name} is ${seconds(Math.abs(off.ahead))} ${side} the database's`
  return warning(found, remedy)
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

function checkPrograms(nodes: readonly NodeRecord[]): Found {
  const versions = Map.groupBy(nodes, ({ programVersion }) => programVersion)
  if (versions.size <= 1) return good(`all run version ${[...versions.keys()].join()}`)
  return warning(
    [...versions].map(([version, of]) => `${namesOf(of)} runs version ${version}`).join('; '),
    'finish the upgrade: start the older ones again with the newer program',
  )
}

function checkNames(nodes: readonly NodeRecord[]): Found {
  const names = Map.groupBy(nodes, (node) => node.names.toSorted().join(', ') || 'none')
  if (names.size <= 1) return good([...names.keys()].join())
  return bad(
    [...names].map(([words, of]) => `${namesOf(of)} has names ${words}`).join('; '),
    'give all nodes the same --names, so that devices find each of them under each name',
  )
}

/** A key that one of them refuses would be taken at the next door. */
function checkKeyLists(nodes: readonly NodeRecord[]): Found {
  const said = nodes.filter(({ keyLists }) => keyLists !== null)
  const digests = Map.groupBy(said, ({ keyLists }) => keyLists)
  if (digests.size <= 1) return good('all ask the same')
  return warning(
    [...digests]
      .map(([digest, of]) => `${namesOf(of)} asks lists with digest ${digest?.slice(0, 16)}`)
      .join('; '),
    'import the same lists on each ("vitalsign weak-keys import", on that machine); the list of small private keys each server makes by itself some minutes after its start, and says so within a minute',
  )
}

function checkPublicUrl(nodes: readonly NodeRecord[]): Found {
  const [url] = nodes.map(({ publicUrl }) => publicUrl).filter((one) => one !== null)
  if (url !== undefined) return good(`${url} is written into certificates`)
  if (nodes.length <= 1) return good('one node, its own address is written into certificates')
  return bad(
    'each node writes its own address into certificates, where the others do not answer',
    'found the installation with --public-url, a name that leads to all nodes',
  )
}

function namesOf(nodes: readonly NodeRecord[]): string {
  return nodes.map(({ name }) => name).join(', ')
}
