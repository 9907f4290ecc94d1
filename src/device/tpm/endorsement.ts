// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { listHandles, nvRead, nvReadPublic } from '#format/tpm/command/inventory.ts'
import { createPrimary } from '#format/tpm/command/objects.ts'
import { encodePublic, parsePublic, type TpmPublic } from '#format/tpm/structure/public.ts'
import {
  type EndorsementTemplate,
  type EndorsementTemplateName,
  endorsementTemplates,
} from '#trust/tpm/templates.ts'
import { DeviceFault } from '../fault.ts'
import type { TpmVisit } from './conversation.ts'
import { publicAt } from './storage-root.ts'

/** The key by which the maker of a TPM vouches for it. */
export interface Endorsement {
  readonly name: EndorsementTemplateName
  /** Loaded, or at a persistent handle. */
  readonly handle: number
  readonly public: TpmPublic
  /** DER as the maker wrote it, with whatever follows it in the memory; none: the TPM came without. */
  readonly certificates: readonly Uint8Array[]
}

/** Those that cost a chip least come first; the last two are tried where no certificate says which it is. */
const preference: readonly EndorsementTemplateName[] = [
  'p-256-low',
  'p-256-high',
  'p-384-high',
  'rsa-2048-low',
  'rsa-2048-high',
  'rsa-3072-high',
  'rsa-4096-high',
]

/**
 * Finds the endorsement key and its certificates.
 *
 * @param wanted undefined: the first of which the TPM has a certificate, else P-256
 */
export async function findEndorsement(
  visit: TpmVisit,
  wanted: EndorsementTemplateName | undefined,
): Promise<Endorsement> {
  const indices = await nvIndices(visit)
  const name =
    wanted ??
    preference.find((one) => indices.has(endorsementTemplates[one].certificateIndex)) ??
    'p-256-low'
  const template: EndorsementTemplate = endorsementTemplates[name]
  const made = await templateOf(visit, template, indices)
  const kept = await persistentLike(visit, made)
  const certificates = await certificatesOf(visit, template, indices)
  if (kept !== undefined) return { name, ...kept, certificates }
  const { handle, public: value } = await visit.ask(createPrimary('endorsement', made))
  visit.dropAtEnd(handle)
  return { name, handle, public: value, certificates }
}

async function nvIndices(visit: TpmVisit): Promise<ReadonlySet<number>> {
  const found = new Set<number>()
  let next: number | undefined
  do {
    const { handles, hasMore } = await visit.ask(listHandles('nv-index', next))
    for (const handle of handles) found.add(handle)
    const last = handles.at(-1)
    next = hasMore && last !== undefined ? last + 1 : undefined
  } while (next !== undefined)
  return found
}

/**
 * What the key is made from: a template that the maker wrote down, else the default one with the maker's nonce.
 *
 * @see TCG EK Credential Profile 2.5 section 2.2.1.4
 */
async function templateOf(
  visit: TpmVisit,
  { templateIndex, nonceIndex, public: usual }: EndorsementTemplate,
  indices: ReadonlySet<number>,
): Promise<TpmPublic> {
  if (templateIndex !== undefined && indices.has(templateIndex)) {
    try {
      return parsePublic(await readMemory(visit, templateIndex))
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause
      throw new DeviceFault(
        'tpm-answer-wrong',
        `the template of the endorsement key cannot be read: ${cause.message}`,
        { cause },
      )
    }
  }
  if (nonceIndex === undefined || !indices.has(nonceIndex)) return usual
  const nonce = await readMemory(visit, nonceIndex)
  const padded = (octets: number) => {
    const unique = new Uint8Array(octets)
    unique.set(nonce.subarray(0, octets))
    return unique
  }
  return usual.type === 'rsa'
    ? { ...usual, modulus: padded(usual.modulus.length) }
    : { ...usual, x: padded(usual.x.length) }
}

/** Handles of endorsement keys. TCG Registry of Reserved TPM 2.0 Handles section 2.3.1. */
const firstEndorsementHandle = 0x8101_0000
const endorsementHandles = 0x100

/** The endorsement key that somebody made from the same template before: making it anew takes a chip seconds. */
async function persistentLike(visit: TpmVisit, template: TpmPublic) {
  const { handles } = await visit.ask(listHandles('persistent', firstEndorsementHandle))
  for (const handle of handles) {
    if (handle >= firstEndorsementHandle + endorsementHandles) break
    const found = await publicAt(visit, handle)
    if (found !== undefined && sameButKey(found, template)) return { handle, public: found }
  }
  return undefined
}

/** Whether both are alike in all but the key itself. */
export function sameButKey(left: TpmPublic, right: TpmPublic): boolean {
  return withoutKey(left) === withoutKey(right)
}

function withoutKey(value: TpmPublic): string {
  const empty = new Uint8Array()
  const bare =
    value.type === 'rsa' ? { ...value, modulus: empty } : { ...value, x: empty, y: empty }
  return encodePublic(bare).toHex()
}

/** Some makers put the certificates above it behind it. TCG EK Credential Profile 2.5 section 2.2.1.5.2. */
const chainIndices = { first: 0x01c0_0100, last: 0x01c0_01ff } as const

async function certificatesOf(
  visit: TpmVisit,
  { certificateIndex }: EndorsementTemplate,
  indices: ReadonlySet<number>,
): Promise<readonly Uint8Array[]> {
  if (!indices.has(certificateIndex)) return []
  const own = await readMemory(visit, certificateIndex)
  const chain: Uint8Array[] = []
  for (let index = chainIndices.first; indices.has(index) && index <= chainIndices.last; index++)
    chain.push(await readMemory(visit, index))
  // A chain is one run of certificates, cut where a memory area ends.
  return [own, ...splitCertificates(concatBytes(chain))]
}

/** DER after DER; what is none ends it. */
function splitCertificates(bytes: Uint8Array): readonly Uint8Array[] {
  const found: Uint8Array[] = []
  for (let at = 0; bytes[at] === 0x30 && bytes[at + 1] === 0x82; ) {
    const end = at + 4 + ((bytes[at + 2] ?? 0) << 8) + (bytes[at + 3] ?? 0)
    if (end > bytes.length) break
    found.push(bytes.slice(at, end))
    at = end
  }
  return found
}

/** Every TPM reads so much at once. TCG PC Client Platform TPM Profile: NV_BUFFER_MAX is 512 at least. */
const chunkOctets = 512

async function readMemory(visit: TpmVisit, index: number): Promise<Uint8Array> {
  const { octets } = await visit.ask(nvReadPublic(index))
  const parts: Uint8Array[] = []
  for (let at = 0; at < octets; at += chunkOctets)
    parts.push(
      await visit.ask(nvRead(index, at, Math.min(chunkOctets, octets - at), undefined, index)),
    )
  return concatBytes(parts)
}
