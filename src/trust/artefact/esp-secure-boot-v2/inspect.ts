// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import {
  type EspImage,
  parseEspImage,
  readEspDescription,
} from '#format/firmware/boot/esp-image.ts'
import { type EspBlock, espBlockOctets } from '#format/firmware/boot/esp-signature.ts'
import { FormatError } from '#format/format-error.ts'
import { sha256 } from '#trust/digest.ts'
import type { Anatomy, AnatomyPart } from '../form.ts'
import { knownSize } from '../pieces.ts'
import { readEspSignedImage } from './signed-image.ts'

const schemeWords = {
  rsa3072: 'RSA-3072 PSS over SHA-256',
  p256: 'ECDSA P-256 over SHA-256',
  p384: 'ECDSA P-384 over SHA-384',
} as const

/** @throws FormatError if not even the segments read */
export async function inspectEsp(source: ByteSource): Promise<Anatomy> {
  const image = await parseEspImage(source)
  const description = await readEspDescription(source, image).catch(nothingRead)
  const version = description === undefined ? '' : `, version ${description.version}`
  const about: AnatomyPart = {
    ...{ name: 'image', offset: 0, octets: image.end },
    what: `${image.segments.length} segments for chip ${image.chip}`,
    facts: [
      ['entry', `0x${image.entry.toString(16)}`],
      ['project', description?.project ?? 'not said'],
      ['version', description?.version ?? 'not said'],
      ['security version', `${description?.securityVersion ?? 'not said'}`],
      ['digest of its own', image.digestAt === undefined ? 'none' : `at offset ${image.digestAt}`],
    ],
  }
  const parts = [about, ...(await signatureParts(source, image))]
  return { title: `ESP-IDF image${version}`, parts }
}

/** What is cut off is told below. */
function nothingRead(error: unknown): undefined {
  if (!(error instanceof FormatError)) throw error
  return undefined
}

async function signatureParts(
  source: ByteSource,
  { end }: EspImage,
): Promise<readonly AnatomyPart[]> {
  const rest = (what: string): AnatomyPart => {
    const octets = Math.max(0, knownSize(source) - end)
    return { name: 'behind the image', offset: end, octets, what, facts: [] }
  }
  try {
    const signed = await readEspSignedImage(source)
    if (signed.kind === 'refused') return [rest(signed.detail)]
    if (signed.blocks.length === 0) return [rest('no signature')]
    return signed.blocks.map((block, index) => blockPart(block, index, signed.covered))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return [rest(`does not read on: ${error.message}`)]
  }
}

function blockPart(block: EspBlock, index: number, start: number): AnatomyPart {
  return {
    name: `signature block ${index}`,
    ...{ offset: start + index * espBlockOctets, octets: espBlockOctets },
    what: schemeWords[block.scheme],
    facts: [
      ['digest of the image', block.digest.toHex()],
      ['digest of the key, as in eFuses', sha256(block.key).toHex()],
    ],
  }
}
