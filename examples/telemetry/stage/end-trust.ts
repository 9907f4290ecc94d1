// SPDX-License-Identifier: Apache-2.0
import { Failed } from '../../../demo/programs.ts'
import type { Installation } from './installation.ts'
import { type Watch, ways } from './watch.ts'

/** An act that ended trust in a device, or suspended it. */
export interface Act {
  readonly id: string
  /** Since when the installation itself refuses the device, in milliseconds since 1970. */
  readonly effectiveAt: number
}

/** The newest act; it is in force when the command that asked for it returns. */
export async function actOf(serial: string, installation: Installation): Promise<Act> {
  const { items } = await installation.get<{
    readonly items: readonly { readonly id: string; readonly effectiveAt: string | null }[]
  }>('/revocations?limit=1')
  const [newest] = items
  if (newest === undefined || newest.effectiveAt === null)
    throw new Failed(`what was done to ${serial} is not in force: ${JSON.stringify(newest)}`)
  return { id: newest.id, effectiveAt: Date.parse(newest.effectiveAt) }
}

/** Waits until a pump has lost both its connections. @returns after how long it had, in words */
export async function cutOffAfter(serial: string, act: Act, watch: Watch): Promise<string> {
  await watch.until(`${serial} is cut off`, () =>
    ways.every((way) => (watch.lineOf(serial, way).lostAt ?? 0) >= act.effectiveAt),
  )
  const spans = ways.map((way) => {
    const milliseconds = (watch.lineOf(serial, way).lostAt ?? 0) - act.effectiveAt
    return `${way} ended after ${milliseconds} ms`
  })
  return spans.join(', ')
}
