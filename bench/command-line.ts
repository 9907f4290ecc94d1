// SPDX-License-Identifier: Apache-2.0
/**
 * What the command line takes as people start it: processor time and memory of whole processes, by GNU time, of commands
 * that do nothing and of files of gigabytes that are built, signed and verified.
 *
 *     node bench/command-line.ts [MEGABYTES [FORM]...]
 */
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodePem } from '#format/pem.ts'
import { espApplication } from '../test/support/artefacts/esp-corruptions.ts'
import { changeNode, devicetree, fitImage, plainFit } from '../test/support/artefacts/fit.ts'
import { signerOf } from '../test/support/artefacts/signed.ts'
import { longLived, signingHouse } from '../test/support/signers.ts'
import type { Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

const program = join(import.meta.dirname, '../bin/vitalsign')

/** @param only these forms; absent: all of them, and the commands that do nothing */
export async function benchCommandLine({
  megabytes,
  only,
}: {
  readonly megabytes: number
  readonly only?: readonly string[]
}): Promise<Row[]> {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-bench-'))
  try {
    await writeKeys(place)
    const rows: Row[] = []
    const idle = ['help', 'help device add', 'firmware forms', 'scan absent']
    for (const line of only === undefined ? idle : []) {
      // The first one compiles what the cache does not have.
      taken(place, line)
      rows.push(rowOf(line, taken(place, line), 'the command alone'))
    }
    writeNoise(join(place, 'app.bin'), megabytes)
    const asked = lines.filter(([form]) => only?.includes(form) ?? true)
    if (asked.some(([, , , , given]) => given !== undefined)) writeBootImages(place)
    for (const [form, build, sign, verify, given = 'app.bin'] of asked) {
      const image = build === undefined ? given : 'made'
      if (build !== undefined)
        rows.push(row('build', `firmware build ${form} app.bin ${build} --out made`))
      rows.push(row('sign', `firmware sign ${image} --form ${form} ${sign} --out signed`))
      rows.push(row('verify', `firmware verify signed --form ${form} ${verify}`))
      rmSync(join(place, 'made'), { force: true })
      rmSync(join(place, 'signed'), { force: true })

      function row(what: string, line: string): Row {
        // An image that is built is there only then.
        const measured = taken(place, line)
        const octets = statSync(join(place, image)).size
        return rowOf(
          `${form}: ${what}, ${Math.round(octets / 1e6)} MB`,
          measured,
          'the whole process',
        )
      }
    }
    return rows
  } finally {
    rmSync(place, { recursive: true })
  }
}

const chain = '--key signer.key --chain signer.pem'

const manifest = [
  ...['--product pump --version 1.0.0 --security-version 1 --name app.bin'],
  ...['--made-at 1800000000 --kind feature --environment production'],
  '--key signer.key --key signer-pq.key',
].join(' ')

/** Form, how it is built (absent: of any octets), signed and verified, and the file if it is not noise. */
const lines: readonly (readonly [string, string | undefined, string, string, string?])[] = [
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
  [
    'suit',
    undefined,
    '--sequence-number 1 --vendor example.com --class pump --uri https://example.com/app --key signer.key',
    '--beside app.bin --key signer.pub',
  ],
  ['outer-manifest', undefined, manifest, '--beside app.bin --key signer.pub --key signer-pq.pub'],
  ['uboot-fit', undefined, '--key signer.key', '--key signer.pub', 'image.fit'],
  ['esp-secure-boot-v2', undefined, '--key signer.key', '--key signer.pub', 'image.esp'],
]

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
  const second = await signerOf('ml-dsa-65')
  write('signer-pq.key', String(second.pair.privateKey.export({ format: 'pem', type: 'pkcs8' })))
  write('signer-pq.pub', encodePem('PUBLIC KEY', second.publicKey.spki))
  write('root.pem', encodePem('CERTIFICATE', house.rootCertificate.der))
  write('sw-description', 'software = { version = "1"; images: ( { filename = "app.bin"; } ); };\n')
}

/** A segment of ESP-IDF has 16 MiB at most, its description among them. */
const mostEspOctets = 16_000_000

/** An image of ESP-IDF, and a FIT whose first image takes almost all of it. */
function writeBootImages(place: string): void {
  const noise = readFileSync(join(place, 'app.bin'))
  writeFileSync(join(place, 'image.esp'), espApplication(noise.subarray(0, mostEspOctets)))
  const tree = changeNode(plainFit(), '/images', (node) => ({
    ...node,
    children: [fitImage('kernel-1', noise), ...(node.children ?? []).slice(1)],
  }))
  writeFileSync(join(place, 'image.fit'), devicetree(tree))
}

/** Octets that do not pack. */
function writeNoise(path: string, megabytes: number): void {
  const file = openSync(path, 'w')
  for (let done = 0; done < megabytes; done++)
    writeSync(file, randomFillSync(new Uint8Array(1_000_000)))
  closeSync(file)
}

if (import.meta.main) printRows(await benchCommandLine(saidOf(process.argv.slice(2))))

function saidOf([megabytes = '200', ...only]: readonly string[]) {
  return { megabytes: Number(megabytes), ...(only.length > 0 && { only }) }
}
