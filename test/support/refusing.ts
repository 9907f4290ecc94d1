// SPDX-License-Identifier: Apache-2.0
/** For journeys that end with a "no": what the device hears, and that nothing was issued. */
import assert from 'node:assert/strict'
import { readHistory } from '#core/audit/history.ts'
import type { Device, Product } from '#core/ledger/tables.ts'
import type { KeyPair } from '#trust/private-key.ts'
import { type EstCall, postEst, requestBy, type TestHouse, withCode, withDevice } from './house.ts'

/** A device that is expected, with its code. */
export interface ExpectedDevice {
  readonly user: string
  readonly code: string
  readonly device: Device
}

/** Expects a device and makes its code; the result can be given to `postEst` as it is. */
export async function expectDevice(
  house: TestHouse,
  product: Product,
  serial: string,
): Promise<ExpectedDevice> {
  const device = await withDevice(house, product, serial)
  return { user: serial, code: await withCode(house, device), device }
}

/** Posts what must be refused. @returns `STATUS REASON`; asserts that no certificate was booked */
export async function refusalOf(
  house: TestHouse,
  request: Uint8Array | KeyPair,
  call: EstCall,
  operation = 'simpleenroll',
): Promise<string> {
  const before = await house.core.ledger.count('certificate', {})
  const bytes = request instanceof Uint8Array ? request : await requestBy(request)
  const { status, body } = await postEst(house, operation, bytes, call)
  assert.equal(await house.core.ledger.count('certificate', {}), before, 'something was booked')
  return `${status} ${body.split(':')[0]}`
}

/** The events of one type so far, the latest first. */
export async function eventsOf(house: TestHouse, type: string) {
  await house.sequence()
  const { events } = await readHistory({ type, limit: 500 }, house.log)
  return events.map(({ event }) => event)
}
