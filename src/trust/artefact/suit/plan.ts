// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { cborLimits } from '#format/cbor/limits.ts'
import { major } from '#format/cbor/major.ts'
import { encodeCbor, encodeHead } from '#format/cbor/writer.ts'
import { headerLabels } from '#format/cose/header.ts'
import { encodeSignature1Input } from '#format/cose/sig-structure.ts'
import { encodeCoseSign1 } from '#format/cose/sign1.ts'
import { encodeSuitEnvelope, parseSuitEnvelope, type SuitParts } from '#format/suit/envelope.ts'
import { sha256Number, textKey } from '#format/suit/numbers.ts'
import { type CoseAlgorithm, coseAlgorithmOf } from '#trust/cose/algorithms.ts'
import { coseSignatureFrom } from '#trust/cose/signature.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactSigner, Piece, SigningPlan, Stamp } from '../form.ts'
import { digestSource, readWhole } from '../read-source.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import { buildManifest, encodeText } from './build-manifest.ts'
import { digestHolds } from './digest.ts'
import type { SuitOptions } from './options.ts'
import { looksLikeEnvelope } from './recognise.ts'
import { classIdentifier, vendorIdentifier } from './uuid.ts'

/** An envelope that lacks its new signatures: what is known of it, and what follows it. */
interface Draft {
  readonly kind: 'draft'
  readonly parts: SuitParts
  /** Integrated payloads: name, and where they come from. */
  readonly payloads: readonly { readonly name: string; readonly piece: Piece }[]
}

/**
 * Plans an envelope for an image, for one of which only digest and size are known, or more signatures on an envelope
 * that is there.
 *
 * Certificates of signers are left out: a device knows the keys.
 */
export async function planSuit(
  source: ByteSource,
  options: SuitOptions,
  signers: readonly ArtefactSigner[],
): Promise<SigningPlan | ArtefactRefused> {
  const rows = rowsOf(signers)
  if ('reason' in rows) return rows
  return await refusingFormat(async () => {
    const isBuilt = options.sequenceNumber !== undefined
    const draft = isBuilt ? await draftNew(source, options) : await draftAgain(source, options)
    if (draft.kind === 'refused') return draft
    return planOf(draft, rows)
  })
}

/** Whose signatures have no place in an envelope. */
export function refuseSuit(
  _: SuitOptions,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  const rows = rowsOf(signers)
  return 'reason' in rows ? rows : undefined
}

interface Row {
  readonly signer: ArtefactSigner
  readonly cose: CoseAlgorithm
  readonly protectedBytes: Uint8Array
}

function rowsOf(signers: readonly ArtefactSigner[]): readonly Row[] | ArtefactRefused {
  if (signers.length === 0) return refuse('artefact-choice-wrong', 'there is no signer')
  const rows: Row[] = []
  for (const signer of signers) {
    const cose = coseAlgorithmOf(signer.algorithm, signer.publicKey.algorithm)
    if (cose === undefined)
      return refuse(
        'artefact-signer-unfit',
        `${signer.algorithm} by a key of ${signer.publicKey.algorithm} has no place in SUIT`,
      )
    const header = new Map<number, number | Uint8Array>([
      [headerLabels.algorithm, cose.id],
      [headerLabels.keyId, sha256(signer.publicKey.spki)],
    ])
    rows.push({ signer, cose, protectedBytes: encodeCbor(header) })
  }
  return rows
}

async function draftNew(
  source: ByteSource,
  options: SuitOptions,
): Promise<Draft | ArtefactRefused> {
  const { sequenceNumber = 0, vendor, class: named, invoke = false, description } = options
  if (vendor === undefined || named === undefined)
    return refuse('artefact-choice-wrong', 'a manifest needs a vendor and a class')
  const component = componentOf(options.component ?? ['0x00'])
  if ('reason' in component) return component
  const image = await imageOf(source, options)
  if ('reason' in image) return image
  const place = placeOf(options)
  if (typeof place === 'object') return place
  const text = description === undefined ? undefined : encodeText(description)
  const vendorId = vendorIdentifier(vendor)
  const manifest = buildManifest({
    ...{ sequenceNumber, vendor: vendorId, class: classIdentifier(vendorId, named) },
    ...{ component, sha256: image.sha256, octets: image.octets, uri: place, invoke, text },
  })
  const manifestEncoded = encodeCbor(manifest)
  const digestBytes = encodeCbor([sha256Number, sha256(manifestEncoded)])
  const piece: Piece = { source, from: 0, length: image.octets }
  return {
    kind: 'draft',
    parts: {
      ...{ digestBytes, manifestEncoded, blocks: [] },
      others: text === undefined ? [] : [[textKey, text]],
    },
    payloads: options.integrated === true ? [{ name: place, piece }] : [],
  }
}

function componentOf(parts: readonly string[]): readonly Uint8Array[] | ArtefactRefused {
  if (parts.length === 0) return refuse('artefact-choice-wrong', 'a component without parts')
  const read: Uint8Array[] = []
  for (const part of parts) {
    const isHex = part.startsWith('0x')
    if (isHex && !/^0x(?:[0-9a-fA-F]{2})+$/.test(part))
      return refuse('artefact-choice-wrong', `component "${part}" is not hexadecimal`)
    read.push(isHex ? Uint8Array.fromHex(part.slice(2)) : new TextEncoder().encode(part))
  }
  return read
}

async function imageOf(
  source: ByteSource,
  { payloadSha256, payloadOctets, integrated }: SuitOptions,
): Promise<{ readonly octets: number; readonly sha256: Uint8Array } | ArtefactRefused> {
  const here = await digestSource(source)
  if (payloadSha256 === undefined && payloadOctets === undefined) {
    if (here.octets > 0) return here
    return refuse('artefact-choice-wrong', 'the image is empty, and no digest and size are given')
  }
  if (here.octets > 0 || integrated === true)
    return refuse('artefact-choice-wrong', 'an image that is here has the digest that it has')
  if (payloadOctets === undefined || !/^[0-9a-fA-F]{64}$/.test(payloadSha256 ?? ''))
    return refuse('artefact-choice-wrong', 'an image that is not here needs its SHA-256 and size')
  return { octets: payloadOctets, sha256: Uint8Array.fromHex(payloadSha256 ?? '') }
}

/** A payload in the envelope is named as a fragment, which nobody fetches from elsewhere (section 7.5). */
function placeOf({ uri, integrated = false }: SuitOptions): string | ArtefactRefused {
  if (integrated && uri === undefined) return '#image'
  if (integrated && uri?.startsWith('#') !== true)
    return refuse('artefact-choice-wrong', `an integrated image is named "#…", not "${uri}"`)
  if (uri === undefined)
    return refuse('artefact-choice-wrong', 'devices fetch the image by a uri, or it is integrated')
  if (!integrated && uri.startsWith('#'))
    return refuse('artefact-choice-wrong', `"${uri}" names an integrated image`)
  return uri
}

async function draftAgain(
  source: ByteSource,
  { replace = false, ...others }: SuitOptions,
): Promise<Draft | ArtefactRefused> {
  if (!(await looksLikeEnvelope(source)))
    return refuse('artefact-choice-wrong', 'a new manifest needs a sequence number')
  const [other] = Object.keys(others)
  if (other !== undefined)
    return refuse('artefact-choice-wrong', `${other} is fixed in an envelope that is there`)
  const envelope = parseSuitEnvelope(await readWhole(source, cborLimits.suitEnvelope.maxBytes))
  if (!digestHolds(envelope.digest, envelope.manifestEncoded))
    return refuse('artefact-digest-wrong', 'the digest of the envelope is not of its manifest')
  if (envelope.unknown.length > 0)
    return refuse(
      'artefact-field-not-allowed',
      `the envelope has ${envelope.unknown.join(', ')}, which draft 37 does not have`,
    )
  return {
    kind: 'draft',
    parts: {
      digestBytes: envelope.digestBytes,
      manifestEncoded: envelope.manifestEncoded,
      blocks: replace ? [] : envelope.blocks.map(({ bytes }) => bytes),
      others: envelope.severed.map(({ key, encoded }) => [key, encoded]),
    },
    payloads: envelope.payloads.map(({ name, bytes }) => ({ name, piece: bytes })),
  }
}

function planOf({ parts, payloads }: Draft, rows: readonly Row[]): SigningPlan {
  return {
    kind: 'plan',
    form: 'suit',
    wanted: rows.map(({ signer, protectedBytes }) => ({
      signer,
      over: 'message',
      bytes: encodeSignature1Input(protectedBytes, parts.digestBytes),
    })),
    async finish(signatures, stamp) {
      const made = await Promise.all(
        rows.map((row, index) => blockOf(row, signatures[index], stamp)),
      )
      const blocks = [...parts.blocks, ...made]
      return withPayloads(encodeSuitEnvelope({ ...parts, blocks }), parts.others.length, payloads)
    },
  }
}

async function blockOf(
  { cose, protectedBytes }: Row,
  made: Uint8Array | undefined,
  stamp: Stamp | undefined,
): Promise<Uint8Array> {
  if (made === undefined) throw new TypeError('a signature is missing')
  const signature = coseSignatureFrom(cose, made)
  // RFC 9921 section 3.1: the token is over the signature as CBOR has it.
  const token = await stamp?.(encodeCbor(signature))
  const unprotected = new Map<number, Uint8Array>()
  if (token !== undefined) unprotected.set(headerLabels.timeStamp, token)
  return encodeCoseSign1(protectedBytes, unprotected, null, signature)
}

/** Texts come behind all numbers in the order of keys, so that payloads of any size follow what stands before. */
function withPayloads(
  envelope: Uint8Array,
  others: number,
  payloads: Draft['payloads'],
): readonly Piece[] {
  const tagOctets = 2
  const head = encodeHead(major.map, 2 + others + payloads.length)
  const following = payloads
    .map(({ name, piece }) => ({ key: encodeCbor(name), piece }))
    .sort((left, right) => compareKeys(left.key, right.key))
    .flatMap(({ key, piece }) => [key, encodeHead(major.bytes, piece.length), piece])
  return [
    ...[envelope.subarray(0, tagOctets), head, envelope.subarray(tagOctets + 1)],
    ...following,
  ]
}

function compareKeys(left: Uint8Array, right: Uint8Array): number {
  return left.toHex() < right.toHex() ? -1 : 1
}
