// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { z } from 'zod'
import { releaseScanLine } from '#format/admin/operations/releases.ts'
import type { Said } from '../commands/read-line.ts'
import { jsonText } from '../show/json.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import { idOf } from '../talk/references.ts'
import type { Answer, Server } from '../talk/server.ts'
import { uploadFile } from './artefact-upload.ts'
import { refusedBy, tell } from './scan-send.ts'
import { type Call, isJson, type Verb } from './verb.ts'

type Shown = Answer<'release.show'>
/** The build itself comes first: papers are held against what is there. */
const roles = ['artefact', 'sbom', 'vex', 'provenance'] as const

interface Part {
  readonly role: (typeof roles)[number]
  readonly path: string
  readonly name: string
}

/** Hands in what a build made; run again, it goes on where it was cut off. */
export const deliverRelease: Verb = async (call) => {
  const { said, terminal } = call
  const parts = partsIn(said)
  const server = await call.connect()
  const product = await idOf('product', said.text('product') ?? '', server)
  const release = await beginOrFind(product, said, server)
  for (const part of parts) await attach(part, release, call, server)
  const findings = await scan(release.id, call, server)
  const shown = await server.ask('release.show', { release: release.id })
  const { scans } = shown
  // What people would have to turn down is not put before them.
  const isBlocked = scans.some(({ result }) => result === 'found')
  const done =
    said.has('draft') || isBlocked
      ? shown
      : await server.ask('release.submit', { release: release.id })
  if (isJson(call)) await terminal.write(jsonText({ ...done, scans, findings }))
  else {
    const { id, firmwareVersion, state, manifestSha256 } = done
    for (const { artefact, result, found } of scans)
      await terminal.line(`${artefact}  scanned: ${result}${found === 0 ? '' : `, ${found} found`}`)
    await terminal.line(`${id}  ${firmwareVersion} is ${state}`)
    if (manifestSha256 !== null) await terminal.line(`manifest SHA-256 ${manifestSha256}`)
    if (isBlocked) terminal.hint('take out what was found and build anew; or submit it by hand')
  }
  return isBlocked ? exit.refused : exit.done
}

type Line = z.output<typeof releaseScanLine>
type Finding = Extract<Line, { readonly kind: 'finding' }> & { readonly artefact: string }

/** One image is scanned there at a time: builds wait for one another, for about as long as a grant lasts. */
const mostTries = 120
const pauseMilliseconds = 5_000

/** Has the server look into what was not looked into yet, and tells what it found. @throws Stop */
async function scan(release: string, call: Call, server: Server): Promise<readonly Finding[]> {
  const progress = call.terminal.progress('scanning …')
  try {
    for (let tries = 1; ; tries++) {
      try {
        return await scanNow(release, call, server)
      } catch (error) {
        if (!(error instanceof Stop) || error.code !== 'busy' || tries === mostTries) throw error
        progress.update('waiting for the scan of another image …')
        await setTimeout(pauseMilliseconds)
      }
    }
  } finally {
    progress.end()
  }
}

async function scanNow(release: string, call: Call, server: Server): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  let artefact = ''
  for await (const text of linesOf(await server.stream('release.scan', { release }))) {
    const line = releaseScanLine.parse(JSON.parse(text))
    if (line.kind === 'refused') throw refusedBy(line)
    if (line.kind === 'artefact') artefact = line.name
    else if (!isJson(call)) await tell(call, line)
    if (line.kind === 'finding') findings.push({ ...line, artefact })
  }
  return findings
}

/** @throws Stop if two files have one name */
function partsIn(said: Said): readonly Part[] {
  const parts = roles.flatMap((role) =>
    listOf(said.value(role)).map((path): Part => ({ role, path, name: basename(path) })),
  )
  const twice = parts.find((one, at) =>
    parts.slice(0, at).some(({ role, name }) => role === one.role && name === one.name),
  )
  if (twice !== undefined)
    throw wrongUse(`two files are called ${twice.name}`, 'give them names of their own')
  return parts
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

/** The draft of this version: a new one, or the one that an earlier run left. @throws Stop */
async function beginOrFind(product: string, said: Said, server: Server): Promise<Shown> {
  const supportUntil = said.text('supportUntil')
  const asked = {
    ...{ product, firmwareVersion: said.text('firmwareVersion') ?? '' },
    securityVersion: Number(said.value('securityVersion')),
    ...{ kind: said.text('kind') ?? 'feature', channel: said.text('channel') ?? 'stable' },
    ...(supportUntil !== undefined && { supportUntil }),
  }
  try {
    const { id } = await server.ask('release.create', asked)
    return await server.ask('release.show', { release: id })
  } catch (error) {
    if (!(error instanceof Stop) || error.code !== 'exists-already') throw error
    const found = await findDraft(product, asked.firmwareVersion, asked.channel, server)
    if (found?.state === 'draft') return found
    throw error
  }
}

async function findDraft(
  product: string,
  firmwareVersion: string,
  channel: string,
  server: Server,
): Promise<Shown | undefined> {
  let cursor: string | null = null
  do {
    const asked = { product, channel, limit: 100, ...(cursor !== null && { cursor }) }
    const page: Answer<'release.list'> = await server.ask('release.list', asked)
    const found = page.items.find((one) => one.firmwareVersion === firmwareVersion)
    if (found !== undefined) return server.ask('release.show', { release: found.id })
    cursor = page.next
  } while (cursor !== null)
  return undefined
}

/** What is attached already with the same octets stays; other octets of that name take its place. */
async function attach(part: Part, release: Shown, call: Call, server: Server): Promise<void> {
  const { role, name, path } = part
  const { sha256 } = await uploadFile(path, name, call, server)
  const before = release.parts.find((one) => one.role === role && one.name === name)
  if (before?.sha256 === sha256) return
  if (before !== undefined)
    await server.ask('release.detach', { release: release.id, part: before.id })
  await server.ask('release.attach', { release: release.id, role, name, sha256 })
}
