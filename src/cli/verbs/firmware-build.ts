// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path'
import { packGzip } from '#edge/images/pack-gzip.ts'
import { packZlib } from '#edge/images/pack-zlib.ts'
import type { EntryToPack, PlacedOctets } from '#format/archive/squashfs-writer.ts'
import { encodeKeyFile, type KeyGroup, parseKeyFile } from '#format/firmware/bundle/key-file.ts'
import { raucMetaGroup, withValues } from '#format/firmware/bundle/rauc-manifest.ts'
import { FormatError } from '#format/format-error.ts'
import { buildMender } from '#trust/artefact/mender/build.ts'
import { readPieces } from '#trust/artefact/pieces.ts'
import { buildRauc } from '#trust/artefact/rauc/build.ts'
import { type ArtefactRefused, refuseFormat } from '#trust/artefact/refusal.ts'
import { buildSwupdate } from '#trust/artefact/swupdate/build.ts'
import type { Said } from '../commands/read-line.ts'
import { readTextFile } from '../files.ts'
import { listed } from '../firmware/device-trust.ts'
import { flat, gather, octetsIn } from '../firmware/gather.ts'
import { withFiles } from '../firmware/open-artefact.ts'
import { stopFor } from '../firmware/stop-for.ts'
import { placed, writePlaced } from '../firmware/write-placed.ts'
import { jsonText } from '../show/json.ts'
import { exit, wrongUse } from '../stop.ts'
import { bar } from '../terminal/progress.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

/** What was built: its octets, and the text in it that names the files and their digests. */
interface Built {
  readonly octets: AsyncIterable<PlacedOctets>
  readonly manifest: string
}

/** Makes the container that is scanned, approved and then signed. No server is asked. */
export const buildFirmware: Verb = (call) =>
  withFiles(async (files) => {
    const { said, terminal } = call
    const form = said.text('form') ?? ''
    const out = said.text('out') ?? ''
    refuseStrangers(said, form)
    const progress = terminal.progress(`building ${basename(out)}`)
    try {
      let [seen, all] = [0, 0]
      const entries = await gather(listed(said, 'files'), files, (octets) => {
        seen += octets
        progress.update(`${bar(all === 0 ? 0 : Math.min(1, seen / all))}  ${basename(out)}`)
      })
      // Every file is read twice: for its digest, and when it is packed.
      all = 2 * octetsIn(entries)
      const built = await builders[form]?.(said, entries)
      if (built === undefined) throw new TypeError(`nothing builds ${form}`)
      if ('reason' in built) throw stopFor(built)
      const size = await writeCounted(out, built.octets)
      await tell(call, { form, out, size, manifest: built.manifest })
      return exit.done
    } catch (error) {
      // A file that became shorter, or a text that does not read.
      if (error instanceof FormatError) throw stopFor(refuseFormat(error))
      throw error
    } finally {
      progress.end()
    }
  })

type Builder = (said: Said, entries: readonly EntryToPack[]) => Promise<Built | ArtefactRefused>

const builders: Readonly<Record<string, Builder>> = {
  async rauc(said, entries) {
    const groups = raucGroups(said)
    const pack = said.has('unpacked') ? {} : { pack: packZlib }
    const made = await buildRauc({ groups, entries, modifiedAt: 0, ...pack })
    if (made.kind === 'refused') return made
    return { octets: made.octets, manifest: encodeKeyFile(made.manifest.groups) }
  },
  async swupdate(said, entries) {
    const path = needed(said, 'description', 'sw-description as a person writes it')
    const description = readTextFile(path, '--description')
    const wish = { description, files: flat(entries), ...securityVersionOf(said) }
    const made = await buildSwupdate(wish)
    if (made.kind === 'refused') return made
    return { octets: placed(readPieces(made.pieces)), manifest: made.description }
  },
  async mender(said, entries) {
    const group = said.text('group')
    const made = await buildMender({
      artifactName: needed(said, 'release', 'the name of the artifact'),
      deviceTypes: listed(said, 'deviceType'),
      payloadType: said.text('payloadType') ?? 'rootfs-image',
      files: flat(entries),
      ...(group !== undefined && { artifactGroup: group }),
      ...securityVersionOf(said),
      ...(!said.has('unpacked') && { gzip: packGzip }),
    })
    if (made.kind === 'refused') return made
    return { octets: made.octets, manifest: made.manifest }
  },
}

/** What only one of them has: said to another it would be passed over in silence. @throws Stop */
function refuseStrangers(said: Said, form: string): void {
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ['manifest', 'manifest', ['rauc']],
    ['compatible', 'compatible', ['rauc']],
    ['image', 'image', ['rauc']],
    ['release', 'release', ['rauc', 'mender']],
    ['description', 'description', ['swupdate']],
    ['deviceType', 'device-type', ['mender']],
    ['group', 'group', ['mender']],
    ['unpacked', 'unpacked', ['rauc', 'mender']],
  ]
  const stranger = rows.find(
    ([name, , known]) =>
      !known.includes(form) && said.value(name) !== undefined && said.value(name) !== false,
  )
  if (stranger !== undefined)
    throw wrongUse(
      `--${stranger[1]} is for ${stranger[2].join(' and ')}, not for ${form}`,
      'leave it out',
    )
}

/** The manifest that is given, or one of the flags. @throws Stop, FormatError */
function raucGroups(said: Said): readonly KeyGroup[] {
  const path = said.text('manifest')
  const security = said.value('securityVersion')
  const meta: Record<string, string> =
    typeof security === 'number' ? { 'security-version': String(security) } : {}
  const groups =
    path === undefined ? groupsOf(said) : parseKeyFile(readTextFile(path, '--manifest'))
  return Object.keys(meta).length === 0 ? groups : withValues(groups, raucMetaGroup, meta)
}

function groupsOf(said: Said): readonly KeyGroup[] {
  const compatible = needed(said, 'compatible', 'for which devices it is, or a --manifest')
  const version = said.text('release')
  const update = {
    name: 'update',
    values: new Map([
      ['compatible', compatible],
      ...(version === undefined ? [] : [['version', version] as const]),
    ]),
  }
  const images = listed(said, 'image').map((text) => {
    const [, slot, filename] = /^([A-Za-z0-9._-]+)=(.+)$/.exec(text) ?? []
    if (slot === undefined || filename === undefined)
      throw wrongUse(`--image ${text}`, 'write it as rootfs=rootfs.ext4')
    return { name: `image.${slot}`, values: new Map([['filename', filename]]) }
  })
  // Through the text, so that what it could not say is refused.
  return parseKeyFile(encodeKeyFile([update, ...images]))
}

function needed(said: Said, name: string, what: string): string {
  const text = said.text(name)
  if (text !== undefined) return text
  throw wrongUse(`--${name} is missing`, `it says ${what}`)
}

function securityVersionOf(said: Said): { readonly securityVersion?: number } {
  const securityVersion = said.value('securityVersion')
  return typeof securityVersion === 'number' ? { securityVersion } : {}
}

async function writeCounted(out: string, octets: AsyncIterable<PlacedOctets>): Promise<number> {
  let size = 0
  async function* counted() {
    for await (const one of octets) {
      size = Math.max(size, one.at + one.bytes.length)
      yield one
    }
  }
  await writePlaced(out, counted())
  return size
}

async function tell(
  call: Call,
  built: {
    readonly form: string
    readonly out: string
    readonly size: number
    readonly manifest: string
  },
): Promise<void> {
  const { form, out, size, manifest } = built
  if (isJson(call)) {
    await call.terminal.write(jsonText({ kind: 'built', form, file: out, octets: size, manifest }))
    return
  }
  const mark = call.terminal.paint('green', '✓')
  await writeLines(call, [
    `${mark} ${out}: for ${form}, ${size.toLocaleString('en')} octets, not signed`,
    '',
    ...manifest.trimEnd().split('\n'),
  ])
}
