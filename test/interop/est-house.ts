// SPDX-License-Identifier: Apache-2.0
/** A whole house on a fresh directory with one product, for foreign EST clients to knock at. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addDevice } from '#core/devices/add.ts'
import { newCode } from '#core/devices/code.ts'
import { addProduct } from '#core/devices/product.ts'
import type { Product } from '#core/ledger/tables.ts'
import { encodePem } from '#format/pem.ts'
import { readConfiguration, urlOf } from '#house/configuration.ts'
import { type House, openHouse, type Replacements } from '#house/house.ts'

export interface EstHouse {
  readonly house: House
  /** `https://127.0.0.1:PORT` of the devices' door. */
  readonly url: string
  /** The same of the door for devices that know no TLS 1.3. */
  readonly legacyUrl: string
  /** A directory for the test's own files; goes with the house. */
  readonly directory: string
  /** The trial root, PEM. */
  readonly rootPem: string
  /** Expects a device of the product `pump`; gives its enrolment code. */
  expect(serial: string): Promise<string>
  close(): Promise<void>
}

export async function openEstHouse(replacements: Replacements = {}): Promise<EstHouse> {
  const directory = mkdtempSync(join(tmpdir(), 'est-house-'))
  const anywhere = '127.0.0.1:0'
  const configuration = readConfiguration([
    ...['--data', join(directory, 'data'), '--listen', anywhere],
    ...['--operator-listen', anywhere, '--status-listen', anywhere, '--legacy-listen', anywhere],
  ])
  const report = (what: string, cause: unknown) => {
    throw new Error(what, { cause })
  }
  const house = await openHouse(configuration, report, replacements)
  const product = await pumpOf(house)
  return {
    house,
    directory,
    url: urlOf('https', house.addresses.devices),
    legacyUrl: urlOf('https', house.addresses.legacy ?? house.addresses.devices),
    rootPem: encodePem('CERTIFICATE', rootOf(house)),
    expect: (serial) => expectDevice(house, product, serial),
    close: async () => {
      await house.close()
      rmSync(directory, { recursive: true })
    },
  }
}

const actor = { kind: 'house', id: 'test' } as const

async function pumpOf({ core }: House): Promise<Product> {
  const asked = { name: 'pump', exposure: 'therapy', maker: 'Maker' } as const
  const added = await addProduct(asked, actor, core)
  if (added.kind !== 'added') throw new Error(added.detail)
  return added.product
}

async function expectDevice({ core }: House, product: Product, serial: string): Promise<string> {
  const asked = { serial, hardwareRevision: null, lot: null, udiDi: null }
  const added = await addDevice(asked, product, actor, core)
  if (added.kind !== 'added') throw new Error(added.detail)
  const made = await newCode(added.device, 1, actor, core)
  if (made.kind !== 'made') throw new Error(made.detail)
  return made.text
}

function rootOf({ core }: House): Uint8Array {
  const root = core.doors.own.find(({ kind }) => kind === 'root')
  if (root === undefined) throw new Error('a house without a root')
  return root.certificate
}
