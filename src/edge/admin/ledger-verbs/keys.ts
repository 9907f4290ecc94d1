// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Key, KeyMaking } from '#core/ledger/tables.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { parseKeyMaking } from '#format/est/key-making.ts'
import type { Verbs } from '../verbs.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { given, pageOf } from './queries.ts'
import { notFound } from './record.ts'

/** Public keys, and what their owners say of how they made them. */
export function keyVerbs({ ledger }: LedgerVerbPorts): Pick<Verbs, 'key.list' | 'key.show'> {
  return {
    'key.list': (asked) =>
      saysHowMade(asked) ? listByMaking(asked, ledger) : listByKey(asked, ledger),

    'key.show': async ({ key: id }) => {
      const key = await ledger.read('key', id)
      if (key === undefined) return notFound(id)
      const making = await ledger.find('keyMaking', 'key', [id])
      return {
        ...showKey(key, making),
        noiseTests: making === undefined ? null : showTests(making),
        statement: making?.statement.toBase64() ?? null,
      }
    },
  }
}

/** All keys of an owner, each with what it said, the latest first. */
export async function keysOf(owner: string, limit: number, ledger: Ledger) {
  const query = { by: 'owner', equal: [owner], descending: true, limit } as const
  const [keys, makings] = await Promise.all([
    ledger.list('key', query),
    ledger.list('keyMaking', query),
  ])
  const byKey = new Map(makings.items.map((making) => [making.key, making]))
  return keys.items.map((key) => showKey(key, byKey.get(key.id)))
}

type Asked = InputOf<'key.list'>

function saysHowMade({ firmware, source, mode, result }: Asked): boolean {
  return [firmware, source, mode, result].some((filter) => filter !== undefined)
}

async function listByKey(asked: Asked, ledger: Ledger) {
  const { device, algorithm, state } = asked
  const { items, next } = await ledger.list('key', {
    ...(device !== undefined && { by: 'owner', equal: [device] }),
    where: given<'key'>({ algorithm, state }),
    ...pageOf(asked),
  })
  const making = (key: Key) => ledger.find('keyMaking', 'key', [key.id])
  return {
    items: await Promise.all(items.map(async (key) => showKey(key, await making(key)))),
    next,
  }
}

/** The most telling filter leads; what is asked of the key itself leaves pages shorter than they may be. */
async function listByMaking(asked: Asked, ledger: Ledger) {
  const { device, firmware, source, mode, result, algorithm, state } = asked
  const walk =
    device !== undefined
      ? ({ by: 'owner', equal: [device] } as const)
      : firmware !== undefined
        ? ({ by: 'firmware', equal: [firmware] } as const)
        : source !== undefined
          ? ({ by: 'source', equal: [source] } as const)
          : mode !== undefined
            ? ({ by: 'mode', equal: [mode] } as const)
            : {}
  const { items, next } = await ledger.list('keyMaking', {
    ...walk,
    where: given<'keyMaking'>({ owner: device, firmware, source, mode, result }),
    ...pageOf(asked),
  })
  const found = await Promise.all(
    items.map(async (making) => {
      const key = await ledger.read('key', making.key)
      const fits =
        (algorithm === undefined || key?.algorithm === algorithm) &&
        (state === undefined || key?.state === state)
      return key !== undefined && fits ? [showKey(key, making)] : []
    }),
  )
  return { items: found.flat(), next }
}

function showKey(key: Key, making: KeyMaking | undefined): OutputOf<'key.list'> {
  return {
    ...key,
    fingerprint: key.fingerprint.toHex(),
    activatedAt: key.activatedAt.toString(),
    deactivateAt: key.deactivateAt?.toString() ?? null,
    noiseSource: making?.source ?? null,
    noiseMode: making?.mode ?? null,
    noiseResult: making?.result ?? null,
    kernelReady: making?.kernelReady ?? null,
    firmware: making?.firmware ?? null,
    client: making?.client ?? null,
  }
}

/** It was read before it was booked. */
function showTests({ statement }: KeyMaking): OutputOf<'key.show'>['noiseTests'] {
  const { tests } = parseKeyMaking(statement)
  if (tests === undefined) return null
  const { claimedMillibits, ...rest } = tests
  return { ...rest, claimedBitsPerSample: claimedMillibits / 1_000 }
}
