// SPDX-License-Identifier: Apache-2.0
/**
 * What is brought in by the million: an inventory of devices as CSV, and certificates that another PKI issued.
 *
 *     node bench/import.ts [--devices 1000000] [--certificates 20000]
 */
import { parseArgs } from 'node:util'
import { encodePem } from '#format/pem.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import { certify, certifyAuthority, makeEntity } from '../test/made-certificates.ts'
import { benchDirectory, openBenchHouse } from './tools/bench-house.ts'
import type { Row } from './tools/row.ts'
import { type Serving, startServing } from './tools/serving.ts'
import { askSocket } from './tools/socket.ts'
import { printRows } from './tools/table.ts'

export interface ImportOptions {
  readonly devices: number
  readonly certificates: number
}

export async function benchImport({ devices, certificates }: ImportOptions): Promise<Row[]> {
  const directory = benchDirectory()
  const house = await openBenchHouse('p-256', directory)
  const product = (await house.core.ledger.find('product', 'name', ['bench']))?.id ?? ''
  await house.close()
  const old = await oldAuthority(certificates)
  const serving = await startServing(directory)
  try {
    const first = await taken('import of devices, CSV', devices, serving, () =>
      askSocket(directory, `/devices/imports?product=${product}`, inventory(devices)),
    )
    const again = await taken('the same file again', devices, serving, () =>
      askSocket(directory, `/devices/imports?product=${product}`, inventory(devices)),
    )
    const authority = await askSocket(directory, '/authorities/import', old.authority)
    const words = `authority=${authority['id']}&product=${product}&form=pem&kind=working`
    const adopted = await taken('import of certificates, PEM', certificates, serving, () =>
      askSocket(directory, `/certificates/imports?${words}`, old.certificates),
    )
    return [first, again, adopted]
  } finally {
    await serving.stop()
  }
}

async function taken(
  name: string,
  count: number,
  serving: Serving,
  work: () => Promise<Record<string, unknown>>,
): Promise<Row> {
  const before = serving.memory()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, serving.memory())
  }, 100)
  const start = performance.now()
  const last = await work().finally(() => clearInterval(watch))
  const seconds = (performance.now() - start) / 1_000
  if (last['kind'] !== 'done') throw new Error(JSON.stringify(last))
  return {
    ...{ name: `${name}, ${count.toLocaleString('en')} rows`, unit: 'rows/s' },
    value: Math.round(count / seconds),
    note: `${seconds.toFixed(1)} s; server ${before} MB before, ${most} MB the highest; ${JSON.stringify(last)}`,
  }
}

function* inventory(count: number): Generator<string> {
  yield 'serial,hardwareRevision,lot\n'
  for (let unit = 1; unit <= count; unit += 1_000) {
    let rows = ''
    for (let at = unit; at < unit + 1_000 && at <= count; at++)
      rows += `IMPORT-${String(at).padStart(8, '0')},A,LOT-${at >> 10}\n`
    yield rows
  }
}

/** An authority of another PKI with its key, and certificates of its devices. */
async function oldAuthority(count: number) {
  const now = Temporal.Now.instant().round('second')
  const span = { notBefore: now.subtract({ hours: 24 }), notAfter: now.add({ hours: 24 * 365 }) }
  const entity = await makeEntity('CN=Old Root')
  const root = await certifyAuthority(entity, entity, [], undefined, span)
  const certificates: string[] = []
  for (let unit = 0; unit < count; unit++) {
    const device = await makeEntity(`CN=pump,serialNumber=OLD-${unit}`)
    const { der } = await certify(device, entity, span)
    certificates.push(encodePem('CERTIFICATE', der))
  }
  return {
    certificates,
    authority: {
      ...{ name: 'old', certificate: encodePem('CERTIFICATE', root.der), lastCrlNumber: 41 },
      key: encodePem('PRIVATE KEY', encodePrivateKey(entity.pair.privateKey)),
    },
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      devices: { type: 'string', default: '1000000' },
      certificates: { type: 'string', default: '20000' },
    },
  })
  const [devices, certificates] = [Number(values.devices), Number(values.certificates)]
  printRows(await benchImport({ devices, certificates }))
}
