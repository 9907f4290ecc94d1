// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readExactly } from '#format/archive/fields.ts'
import type { FdtNode } from '#format/firmware/boot/fdt.ts'
import { encodeFdtNode, FdtStrings } from '#format/firmware/boot/fdt-write.ts'
import {
  keyAlgorithms,
  type SignatureAlgorithmName,
  signatureAlgorithms,
} from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactForm, ArtefactSigner, Piece, SignatureWanted, SigningPlan } from '../form.ts'
import { joined } from '../joined.ts'
import { digestPieces } from '../pieces.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import { type EditedTree, editTree, type FdtEdit } from './edited.ts'
import { dataOf, imageFault, outsideOf, strayOctets } from './images.ts'
import { fitHint } from './key-node.ts'
import { type FitKind, fitKindOf, fitPaddings, fitSignature, fitSignatureOctets } from './kinds.ts'
import { coveredRegions } from './regions.ts'
import {
  configurationPath,
  type FitTree,
  imagesOf,
  nodesOf,
  readFitTree,
  signedPaths,
} from './tree.ts'

export interface FitChoices {
  readonly configuration?: readonly string[]
  readonly keyName?: readonly string[]
  readonly padding?: string
}

export const fitChoices: ArtefactForm<FitChoices>['options'] = {
  configuration: { kind: 'list', help: 'a configuration that is signed; all of them unless told' },
  keyName: {
    kind: 'list',
    help: 'a name a signer, by which devices look up the key: node key-NAME of the control devicetree',
  },
  padding: {
    kind: 'text',
    help: 'of RSA: pkcs-1.5, as every U-Boot checks it, or pss, where its build has CONFIG_FIT_RSASSA_PSS',
  },
}

/** RSASSA-PSS, where it is chosen: a key of RSA by itself signs by the padding that every U-Boot checks. */
export function askedOfKey(
  { padding }: Readonly<Record<string, unknown>>,
  { algorithm }: Pick<PublicKey, 'algorithm'>,
): SignatureAlgorithmName | undefined {
  const isPss = padding === 'pss' && keyAlgorithms[algorithm].canonical === 'modulus'
  return isPss ? 'rsa-pss-sha256-longest-salt' : undefined
}

/**
 * Signs configurations: each gets a node a signer, in the place of those that it had.
 *
 * @see U-Boot tools/image-host.c, fit_config_process_sig
 */
export function planFit(
  source: ByteSource,
  choices: FitChoices,
  signers: readonly ArtefactSigner[],
): Promise<SigningPlan | ArtefactRefused> {
  return refusingFormat(async () => {
    const people = readPeople(choices, signers)
    if ('reason' in people) return people
    const tree = await readFitTree(source)
    if (tree.kind === 'refused') return tree
    const chosen = chooseConfigurations(tree, choices)
    if ('reason' in chosen) return chosen
    const wrong = await refuseTree(source, tree, chosen)
    if (wrong !== undefined) return wrong
    const names = (
      await readExactly(source, tree.fdt.header.stringsOffset, tree.fdt.header.stringsSize)
    ).slice()
    const work = { source, tree, chosen, people, names }
    const tail = await tailOf(work)
    if ('reason' in tail) return tail
    const wanted = await wantedOf(work)
    return {
      kind: 'plan',
      form: 'uboot-fit',
      wanted,
      finish: async (signatures) => {
        const values = wanted.map(({ signer }, index) =>
          fitSignature(signer.publicKey.algorithm, signatures[index]!),
        )
        return [...(await write(work, values)).pieces, ...tail]
      },
    }
  })
}

/** Who signs nothing that U-Boot checks, or under a name that it cannot look up. */
export function refuseFit(
  choices: FitChoices,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  const people = readPeople(choices, signers)
  return 'reason' in people ? people : undefined
}

interface Person {
  readonly signer: ArtefactSigner
  readonly kind: FitKind
  readonly hint: string
}

interface Work {
  readonly source: ByteSource
  readonly tree: FitTree
  readonly chosen: readonly FdtNode[]
  readonly people: readonly Person[]
  /** The names that are there before anything is added: what signatures cover. */
  readonly names: Uint8Array
}

function readPeople(
  { keyName = [], padding }: FitChoices,
  signers: readonly ArtefactSigner[],
): readonly Person[] | ArtefactRefused {
  if (signers.length === 0) return refuse('artefact-choice-wrong', 'nobody is to sign')
  if (padding !== undefined && !fitPaddings.some((one) => one === padding))
    return refuse('artefact-choice-wrong', `padding ${padding} is not ${fitPaddings.join(' or ')}`)
  if (keyName.length > signers.length)
    return refuse(
      'artefact-choice-wrong',
      `${keyName.length} names of keys for ${signers.length} signers`,
    )
  const people: Person[] = []
  for (const [index, signer] of signers.entries()) {
    const { publicKey, algorithm } = signer
    const kind = fitKindOf(publicKey.algorithm, algorithm)
    if (kind === undefined)
      return refuse(
        'artefact-signer-unfit',
        `U-Boot checks no ${algorithm} by a key of ${publicKey.algorithm} that is made here`,
      )
    const hint = keyName[index] ?? fitHint(publicKey)
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(hint))
      return refuse('artefact-choice-wrong', `the name ${hint} of a key: letters, digits, . _ -`)
    people.push({ signer, kind, hint })
  }
  return refusePadding(padding, people) ?? people
}

/** What was chosen is how the keys sign: a padding that nobody makes was not meant. */
function refusePadding(
  padding: string | undefined,
  people: readonly Person[],
): ArtefactRefused | undefined {
  if (padding === undefined) return undefined
  const byRsa = people.filter(({ kind }) => kind.padding !== undefined)
  if (byRsa.length === 0)
    return refuse('artefact-choice-wrong', `padding ${padding} is of RSA, and no RSA key signs`)
  const other = byRsa.find(({ kind }) => kind.padding !== padding)
  return (
    other &&
    refuse(
      'artefact-choice-wrong',
      `padding ${padding} is chosen, and key ${other.hint} is to sign by ${other.kind.algorithm}`,
    )
  )
}

function chooseConfigurations(
  { configurations }: FitTree,
  { configuration: wanted }: FitChoices,
): readonly FdtNode[] | ArtefactRefused {
  if (configurations.length === 0)
    return refuse('artefact-malformed', 'the tree has no configuration, which is what is signed')
  if (wanted === undefined || wanted.length === 0) return configurations
  const known = configurations.map(({ name }) => name)
  const strange = wanted.find((name) => !known.includes(name))
  return strange === undefined
    ? configurations.filter(({ name }) => wanted.includes(name))
    : refuse('artefact-choice-wrong', `configuration ${strange}, there are ${known.join(', ')}`)
}

/** What U-Boot would not start is not signed. */
async function refuseTree(
  source: ByteSource,
  tree: FitTree,
  chosen: readonly FdtNode[],
): Promise<ArtefactRefused | undefined> {
  for (const configuration of chosen) {
    const images = imagesOf(configuration, tree)
    if (images.length === 0)
      return refuse('artefact-malformed', `${configurationPath(configuration)} names no image`)
    for (const image of images) {
      const wrong = await imageFault(source, image, tree)
      if (wrong !== undefined) return wrong
    }
  }
  return strayOctets(source, tree)
}

/** The digests are of the tree as it will be: the signatures themselves are the one part of it that they do not cover. */
async function wantedOf(work: Work): Promise<readonly SignatureWanted[]> {
  const empty = work.chosen.flatMap(() =>
    work.people.map(({ kind }) => new Uint8Array(fitSignatureOctets(kind.key))),
  )
  const source = joined((await write(work, empty)).pieces)
  const made = await readFitTree(source)
  if (made.kind === 'refused') throw new TypeError(`what is made does not read: ${made.detail}`)
  const wanted: SignatureWanted[] = []
  for (const { name } of work.chosen) {
    const configuration = made.configurations.find((one) => one.name === name)!
    const paths = signedPaths(configuration, made)
    const regions = coveredRegions(source, made.fdt, paths, work.names.length)
    for (const { signer } of work.people) {
      const { digest } = signatureAlgorithms[signer.algorithm]
      if (digest === null) throw new TypeError(`${signer.algorithm} signs no digest`)
      wanted.push({ signer, over: 'digest', bytes: await digestPieces(digest, regions) })
    }
  }
  return wanted
}

/** @param values of all signatures, configuration by configuration */
function write(work: Work, values: readonly Uint8Array[]): Promise<EditedTree> {
  const { source, tree, chosen, people, names } = work
  const strings = new FdtStrings(names)
  const edits: FdtEdit[] = []
  for (const [index, configuration] of chosen.entries()) {
    for (const { from, to } of nodesOf(configuration, 'signature'))
      edits.push({ from, to, octets: new Uint8Array(0) })
    const paths = signedPaths(configuration, tree)
    for (const [number, { kind, hint }] of people.entries()) {
      const octets = encodeFdtNode(
        {
          name: `signature-${number + 1}`,
          properties: [
            ['algo', kind.words],
            // What U-Boot takes where nothing is said is not said.
            ...(kind.padding === 'pss' ? ([['padding', 'pss']] as const) : []),
            ['key-name-hint', hint],
            ['signer-name', 'vitalsign'],
            ['value', values[index * people.length + number]!],
            ['hashed-nodes', paths],
            ['hashed-strings', [0, names.length]],
          ],
        },
        strings,
      )
      // Before the token that ends the configuration.
      const end = configuration.to - 4
      edits.push({ from: end, to: end, octets })
    }
  }
  return editTree(source, tree.fdt, edits, strings)
}

/** What lies behind the tree stays behind it: at a distance from its end, or at a place of its own. */
async function tailOf(work: Work): Promise<readonly Piece[] | ArtefactRefused> {
  const { source, tree, people, chosen } = work
  const empty = chosen.flatMap(() =>
    people.map(({ kind }) => new Uint8Array(fitSignatureOctets(kind.key))),
  )
  const { totalSize } = await write(work, empty)
  const old = outsideOf(tree.fdt.header.totalSize)
  const size = Math.max(old, source.size ?? 0)
  const placed: number[] = []
  for (const image of tree.images.values()) {
    const data = dataOf(image, tree)
    if (data.kind === 'refused') return data
    if (data.by === 'data-position') placed.push(data.offset)
  }
  if (placed.length === 0) {
    const fill = new Uint8Array(outsideOf(totalSize) - totalSize)
    return [fill, { source, from: old, length: size - old }]
  }
  const first = Math.min(...placed)
  if (totalSize > first)
    return refuse(
      'artefact-choice-wrong',
      `the signed tree has ${totalSize} octets, and data of images are placed at ${first}: make the FIT with a larger place (mkimage -p)`,
    )
  return [new Uint8Array(first - totalSize), { source, from: first, length: size - first }]
}
