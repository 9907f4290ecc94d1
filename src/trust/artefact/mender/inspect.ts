// SPDX-License-Identifier: Apache-2.0
import type { ArchiveTools } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readTar, type TarFile } from '#format/archive/tar-entries.ts'
import { FormatError } from '#format/format-error.ts'
import type { Anatomy, AnatomyPart } from '#trust/artefact/form.ts'
import { knownSize } from '#trust/artefact/pieces.ts'
import {
  type CoveredArtifact,
  type MenderArtifact,
  readArtifact,
  readCovered,
} from './read-artifact.ts'

/** @throws FormatError if not even its first file can be read */
export async function inspectMender(source: ByteSource, tools: ArchiveTools): Promise<Anatomy> {
  const { files, wrong } = await readable(source)
  const [first] = files
  if (first === undefined) throw wrong ?? new FormatError('element-missing', 0, 'an empty tar')
  const artifact = wrong?.message ?? (await artifactIn(source))
  const covered = typeof artifact === 'string' ? artifact : await coveredIn(source, artifact, tools)
  const end = files.at(-1)?.end ?? 0
  const rest = knownSize(source) - end
  return {
    title: titleOf(artifact, covered),
    parts: [
      ...files.map((file) => partOf(file, artifact)),
      { name: 'end', offset: end, octets: rest, what: wrong?.message ?? 'zeros', facts: [] },
    ],
  }
}

async function readable(
  source: ByteSource,
): Promise<{ readonly files: readonly TarFile[]; readonly wrong: FormatError | undefined }> {
  const files: TarFile[] = []
  try {
    for await (const file of readTar(source)) files.push(file)
    return { files, wrong: undefined }
  } catch (error) {
    if (error instanceof FormatError) return { files, wrong: error }
    throw error
  }
}

async function artifactIn(source: ByteSource): Promise<MenderArtifact | string> {
  return orWhyNot(async () => {
    const found = await readArtifact(source)
    return found.kind === 'refused' ? found.detail : found
  })
}

async function coveredIn(
  source: ByteSource,
  artifact: MenderArtifact,
  tools: ArchiveTools,
): Promise<CoveredArtifact | string> {
  return orWhyNot(async () => {
    const found = await readCovered(source, artifact, tools)
    return found.kind === 'refused' ? found.detail : found
  })
}

async function orWhyNot<T>(read: () => Promise<T | string>): Promise<T | string> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof FormatError) return error.message
    throw error
  }
}

function titleOf(artifact: MenderArtifact | string, covered: CoveredArtifact | string): string {
  if (typeof artifact === 'string') return `Mender artifact that is wrong: ${artifact}`
  const signed = artifact.signature === undefined ? ', not signed' : ''
  if (typeof covered === 'string') return `Mender artifact${signed} that is wrong: ${covered}`
  return `Mender artifact ${covered.artifactName} for ${covered.deviceTypes.join(', ')}${signed}`
}

const words: Readonly<Record<string, string>> = {
  version: 'which version of the format it is of',
  manifest: 'what is signed: the digests of all other files',
  'manifest.sig': 'the signature over the manifest, in base64',
}

function partOf(
  { name, at, start, size, end }: TarFile,
  artifact: MenderArtifact | string,
): AnatomyPart {
  const what =
    words[name] ?? (name.startsWith('header') ? 'for whom it is and what it provides' : 'a payload')
  const digests: AnatomyPart['facts'] =
    name === 'manifest' && typeof artifact !== 'string'
      ? [...artifact.digests].map(([file, digest]) => [file, digest.toHex()])
      : []
  const facts: AnatomyPart['facts'] = [['content', `${size} octets from ${start}`], ...digests]
  return { name, offset: at, octets: end - at, what, facts }
}
