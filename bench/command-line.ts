// SPDX-License-Identifier: Apache-2.0
/**
 * What the command line takes as people start it: processor time and memory of whole processes, by GNU time, of commands
 * that do nothing and of files of gigabytes that are built, signed and verified.
 *
 *     node bench/command-line.ts [MEGABYTES]
 */
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodePem } from '#format/pem.ts'
import { longLived, signingHouse } from '../test/support/signers.ts'
import type { Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

const program = join(import.meta.dirname, '../bin/vitalsign')

export async function benchCommandLine({
  megabytes,
}: {
  readonly megabytes: number
}): Promise<Row[]> {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-bench-'))
  try {
    await writeKeys(place)
    const rows: Row[] = []
    for (const line of ['help', 'help device add', 'firmware forms', 'scan absent']) {
      // The first one compiles what the cache does not have.
      taken(place, line)
      rows.push(rowOf(line, taken(place, line), 'the command alone'))
    }
    writeNoise(join(place, 'app.bin'), megabytes)
    for (const [form, build, sign, verify] of lines) {
      const image = build === undefined ? 'app.bin' : 'made'
      if (build !== undefined)
        rows.push(row('build', `firmware build ${form} app.bin ${build} --out made`))
      rows.push(row('sign', `firmware sign ${image} --form ${form} ${sign} --out signed`))
      rows.push(row('verify', `firmware verify signed --form ${form} ${verify}`))
      rmSync(join(place, 'made'), { force: true })
      rmSync(join(place, 'signed'), { force: true })

      function row(what: string, line: string): Row {
        return rowOf(`${form}: ${what}, ${megabytes} MB`, taken(place, line), 'the whole process')
      }
    }
    return rows
  } finally {
    rmSync(place, { recursive: true })
  }
}

const chain = '--key signer.key --chain signer.pem'

/** Form, how it is built (absent: of any octets), signed and verified. */
const lines = [
  [
    'mcuboot',
    undefined,
    '--pad-header --header-size 512 --version 1.2.3 --key signer.key',
    '--key signer.pub',
  ],
  ['cms', undefined, chain, '--beside app.bin --roots root.pem'],
  ['raw', undefined, '--key signer.key', '--beside app.bin --key signer.pub'],
  ['swupdate', '--description sw-description', chain, '--roots root.pem'],
  ['mender', '--release pump-1 --device-type pump', '--key signer.key', '--key signer.pub'],
  ['rauc', '--compatible Pump --release 1 --image rootfs=app.bin', chain, '--roots root.pem'],
] as const

interface Taken {
  readonly seconds: number
  readonly megabytes: number
}

/** One command from its start to its end; one that ends badly is told and counts all the same. */
function taken(place: string, line: string): Taken {
  const told = join(place, 'told')
  const words = ['-o', told, '-f', '%U %S %M', program, ...line.split(' ')]
  try {
    execFileSync('/usr/bin/time', words, { cwd: place, stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    if (!line.includes('absent')) throw error
  }
  const [user = 0, system = 0, kilobytes = 0] =
    readFileSync(told, 'utf8').trim().split('\n').at(-1)?.split(' ').map(Number) ?? []
  return { seconds: user + system, megabytes: Math.round((kilobytes * 1_024) / 1e6) }
}

function rowOf(name: string, { seconds, megabytes }: Taken, note: string): Row {
  return {
    ...{ name, value: megabytes, unit: 'MB' },
    note: `${note}; ${seconds.toFixed(2)} s of processor time`,
  }
}

async function writeKeys(place: string): Promise<void> {
  const house = await signingHouse('Bench', longLived)
  const signer = await house.signer()
  const write = (name: string, text: string) => writeFileSync(join(place, name), text)
  write('signer.key', String(signer.privateKey.export({ format: 'pem', type: 'pkcs8' })))
  write('signer.pub', encodePem('PUBLIC KEY', signer.publicKey.spki))
  write('signer.pem', signer.chain.map((der) => encodePem('CERTIFICATE', der)).join(''))
  write('root.pem', encodePem('CERTIFICATE', house.rootCertificate.der))
  write('sw-description', 'software = { version = "1"; images: ( { filename = "app.bin"; } ); };\n')
}

/** Octets that do not pack. */
function writeNoise(path: string, megabytes: number): void {
  const file = openSync(path, 'w')
  for (let done = 0; done < megabytes; done++)
    writeSync(file, randomFillSync(new Uint8Array(1_000_000)))
  closeSync(file)
}

if (import.meta.main)
  printRows(await benchCommandLine({ megabytes: Number(process.argv[2] ?? 200) }))
