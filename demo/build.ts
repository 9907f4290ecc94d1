// SPDX-License-Identifier: Apache-2.0
/** What the build of a pump leaves behind: one program in four containers, none of them signed yet. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packGzip } from '#edge/images/pack-gzip.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import {
  type EntryToPack,
  type PlacedOctets,
  writeSquashfs,
} from '#format/archive/squashfs-writer.ts'
import { parseKeyFile } from '#format/firmware/bundle/key-file.ts'
import { buildMender } from '#trust/artefact/mender/build.ts'
import { readPieces } from '#trust/artefact/pieces.ts'
import { buildRauc } from '#trust/artefact/rauc/build.ts'
import { buildSwupdate } from '#trust/artefact/swupdate/build.ts'
import { Chance } from './chance.ts'
import { type Builder, type Papers, writePapers } from './papers.ts'
import { Failed } from './programs.ts'

/** What it is for, as bundles and updaters call it. */
export const board = 'pump-board'

export interface Build extends Papers {
  readonly version: string
  readonly artefacts: readonly string[]
}

/** A file that somebody forgot in the root file system. */
export interface Forgotten {
  readonly name: string
  readonly text: string
}

const utf8 = new TextEncoder()
/** Seconds since 1970, of all files: the same build gives the same octets. */
const modifiedAt = 1_795_000_000

/** Builds a version: the same version, the same octets. */
export async function build(
  directory: string,
  version: string,
  builder: Builder,
  forgotten: readonly Forgotten[] = [],
): Promise<Build> {
  const place = join(directory, `build-${version}`)
  mkdirSync(place)
  const program = new Chance(Number(version.replaceAll('.', ''))).bytes(48_000)
  program.set(utf8.encode(`pump ${version}\n`))
  const root = await rootOf(version, program, forgotten)
  const files = {
    'pump.bin': program,
    'pump.raucb': await raucOf(version, root),
    'pump.swu': await swupdateOf(version, root),
    'pump.mender': await menderOf(version, root),
  }
  const artefacts = Object.entries(files).map(([name, octets]) => {
    writeFileSync(join(place, name), octets)
    return join(place, name)
  })
  return { version, artefacts, ...writePapers(place, version, files, builder) }
}

async function rootOf(
  version: string,
  program: Uint8Array,
  forgotten: readonly Forgotten[],
): Promise<Uint8Array> {
  const file = (name: string, bytes: Uint8Array, executable = false): EntryToPack => ({
    ...{ kind: 'file', name, content: memorySource(bytes), executable },
  })
  const left = forgotten.map(({ name, text }) => file(name, utf8.encode(text)))
  const etc = [file('os-release', utf8.encode(`ID=pump\nVERSION_ID=${version}\n`)), ...left]
  const entries: readonly EntryToPack[] = [
    { kind: 'directory', name: 'bin', entries: [file('pump', program, true)] },
    { kind: 'directory', name: 'etc', entries: etc },
  ]
  return laidOut(writeSquashfs({ entries, modifiedAt }))
}

async function raucOf(version: string, root: Uint8Array): Promise<Uint8Array> {
  const groups = parseKeyFile(
    `[update]\ncompatible=${board}\nversion=${version}\n[image.rootfs]\nfilename=root.squashfs\n`,
  )
  const content = memorySource(root)
  const entries = [{ kind: 'file', name: 'root.squashfs', content, executable: false }] as const
  const made = await buildRauc({ groups, entries, modifiedAt })
  if (made.kind === 'refused') throw new Failed(`pump.raucb: ${made.detail}`)
  return laidOut(made.octets)
}

async function swupdateOf(version: string, root: Uint8Array): Promise<Uint8Array> {
  const image = 'filename = "root.squashfs"; path = "/tmp/root.squashfs"; type = "rawfile";'
  const description = `software = {
  version = "${version}"; hardware-compatibility: [ "1.0" ];
  files: ( { ${image} } );
}`
  const files = [{ name: 'root.squashfs', content: memorySource(root) }]
  const made = await buildSwupdate({ description, files })
  if (made.kind === 'refused') throw new Failed(`pump.swu: ${made.detail}`)
  const chunks = await Array.fromAsync(readPieces(made.pieces), (chunk) => chunk.slice())
  return Uint8Array.from(Buffer.concat(chunks))
}

async function menderOf(version: string, root: Uint8Array): Promise<Uint8Array> {
  const made = await buildMender({
    ...{ artifactName: `pump-${version}`, deviceTypes: [board], payloadType: 'rootfs-image' },
    files: [{ name: 'root.squashfs', content: memorySource(root) }],
    gzip: packGzip,
  })
  if (made.kind === 'refused') throw new Failed(`pump.mender: ${made.detail}`)
  return laidOut(made.octets)
}

async function laidOut(placed: AsyncIterable<PlacedOctets>): Promise<Uint8Array> {
  const pieces = await Array.fromAsync(placed, ({ at, bytes }) => ({ at, bytes: bytes.slice() }))
  const whole = new Uint8Array(Math.max(...pieces.map(({ at, bytes }) => at + bytes.length)))
  for (const { at, bytes } of pieces) whole.set(bytes, at)
  return whole
}
