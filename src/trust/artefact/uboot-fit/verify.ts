// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { u32be } from '#format/archive/fields.ts'
import { type FdtNode, fdtText, fdtTexts } from '#format/firmware/boot/fdt.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { verifyDigest } from '#trust/verify-digest.ts'
import { bareSigner } from '../bare-signer.ts'
import { conclude } from '../conclude.ts'
import { digestPieces } from '../pieces.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import type { DeviceTrust, Verdict } from '../verdict.ts'
import { imageFault, strayOctets } from './images.ts'
import { readFitKind, type StatedFitKind, x509FitSignature } from './kinds.ts'
import { coveredRegions } from './regions.ts'
import {
  configurationPath,
  type FitTree,
  imagesOf,
  nodesOf,
  readFitTree,
  signedPaths,
} from './tree.ts'
import { uncoveredFault, uncoveredName } from './uncovered.ts'

/**
 * Whether a U-Boot with these keys, required for configurations, starts whichever configuration it is told.
 *
 * Stricter than U-Boot, which looks at the one configuration that it starts: every configuration has to be signed, and
 * every node covered.
 *
 * @see U-Boot boot/image-fit-sig.c, fit_config_verify_required_keys
 */
export function verifyFit(
  source: ByteSource,
  trust: DeviceTrust,
): Promise<Verdict | ArtefactRefused> {
  return refusingFormat(async () => {
    const tree = await readFitTree(source)
    if (tree.kind === 'refused') return tree
    const { configurations } = tree
    if (configurations.length === 0)
      return refuse('artefact-not-signed', 'no configuration, which is what is signed')
    const signers = new Set<PublicKey>()
    const covered = new Set<string>()
    for (const configuration of configurations) {
      const found = await judgeConfiguration(source, tree, configuration, trust)
      if ('kind' in found) return found
      for (const key of found) signers.add(key)
      for (const path of signedPaths(configuration, tree)) covered.add(path)
    }
    const wrong = uncoveredFault(tree, covered) ?? (await faultBehind(source, tree))
    if (wrong !== undefined) return wrong
    const found = {
      signers: [...signers].map(bareSigner),
      ...{ version: undefined, securityVersion: undefined, covers: [] },
    }
    return conclude(found, trust)
  })
}

/** All images: none is left that no configuration names. */
async function faultBehind(
  source: ByteSource,
  tree: FitTree,
): Promise<ArtefactRefused | undefined> {
  for (const image of tree.images.values()) {
    const wrong = await imageFault(source, image, tree)
    if (wrong !== undefined) return wrong
  }
  return strayOctets(source, tree)
}

/** @returns the keys whose signatures hold, at least one */
async function judgeConfiguration(
  source: ByteSource,
  tree: FitTree,
  configuration: FdtNode,
  trust: DeviceTrust,
): Promise<readonly PublicKey[] | ArtefactRefused> {
  const path = configurationPath(configuration)
  if (imagesOf(configuration, tree).length === 0)
    return refuse('artefact-malformed', `${path} names no image`)
  const nodes = nodesOf(configuration, 'signature')
  if (nodes.length === 0) return refuse('artefact-not-signed', `${path} has no signature`)
  const found: PublicKey[] = []
  let unknown = 0
  for (const node of nodes) {
    const signature = readSignature(node, tree)
    if ('reason' in signature) return signature
    const keys = trust.keys.filter(({ algorithm }) => algorithm === signature.kind.key)
    if (keys.length === 0) {
      unknown++
      continue
    }
    const signed = await judgeSignature({ source, tree, configuration }, signature, keys)
    if ('reason' in signed) return signed
    found.push(signed.key)
  }
  return found.length > 0
    ? found
    : refuse(
        'artefact-signer-unknown',
        `none of ${unknown} signatures of ${path} is by a known key`,
      )
}

interface FitSignature {
  readonly name: string
  readonly kind: StatedFitKind
  readonly value: Uint8Array
  readonly stringsSize: number
  /** The nodes that it says to cover: believed by nobody, and compared with what it has to cover. */
  readonly listed: readonly string[]
}

function readSignature(node: FdtNode, { fdt }: FitTree): FitSignature | ArtefactRefused {
  const { properties, name } = node
  const words = fdtText(properties.get('algo'))
  const kind = readFitKind(words, fdtText(properties.get('padding')))
  if (kind === undefined)
    return refuse('signature-algorithm-unknown', `${name} is by ${words ?? 'nothing'}`)
  const value = properties.get('value')?.bytes
  if (value === undefined || value.length === 0)
    return refuse('artefact-not-signed', `${name} holds no signature yet`)
  const strings = properties.get('hashed-strings')?.bytes
  if (strings?.length !== 8 || u32be(strings, 0) !== 0)
    return refuse('artefact-malformed', `${name} does not say which names it covers`)
  const stringsSize = u32be(strings, 4)
  if (stringsSize > fdt.header.stringsSize)
    return refuse('artefact-malformed', `${name} covers ${stringsSize} octets of names`)
  const listed = fdtTexts(properties.get('hashed-nodes')) ?? []
  return { name, kind, value, stringsSize, listed }
}

interface Place {
  readonly source: ByteSource
  readonly tree: FitTree
  readonly configuration: FdtNode
}

async function judgeSignature(
  place: Place,
  signature: FitSignature,
  keys: readonly PublicKey[],
): Promise<{ readonly key: PublicKey } | ArtefactRefused> {
  const { tree, configuration } = place
  const { stringsSize, listed, name } = signature
  const paths = signedPaths(configuration, tree)
  const key = await holderOf(place, signature, paths, keys)
  if (key !== undefined) return uncoveredName(tree, paths, stringsSize) ?? { key }
  const where = `${configurationPath(configuration)}/${name}`
  if ((await holderOf(place, signature, listed, keys)) === undefined)
    return refuse('signature-wrong', `${where}, by ${signature.kind.key}`)
  const left = paths.filter((path) => !listed.includes(path))
  return refuse(
    'artefact-not-covered',
    `${where} covers other nodes than are started, and not ${left.join(', ') || 'those alone'}`,
  )
}

/** The first of the keys by which it holds over these nodes. */
async function holderOf(
  { source, tree }: Place,
  { kind, value, stringsSize }: FitSignature,
  paths: readonly string[],
  keys: readonly PublicKey[],
): Promise<PublicKey | undefined> {
  const signature = x509FitSignature(kind.key, value)
  if (signature === undefined) return undefined
  const regions = coveredRegions(source, tree.fdt, paths, stringsSize)
  const digest = await digestPieces(kind.digest, regions)
  const algorithm = signatureAlgorithms[kind.algorithm]
  return keys.find((key) => verifyDigest(algorithm, key, digest, signature))
}
