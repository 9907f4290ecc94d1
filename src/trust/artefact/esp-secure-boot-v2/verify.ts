// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'
import type { EspBlock } from '#format/firmware/boot/esp-signature.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { verifyDigest } from '#trust/verify-digest.ts'
import { bareSigner } from '../bare-signer.ts'
import { conclude } from '../conclude.ts'
import { digestPieces } from '../pieces.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import type { DeviceTrust, Verdict } from '../verdict.ts'
import { espKeyOctets, espKinds, kindOfScheme, x509Signature } from './keys.ts'
import { readEspSignedImage } from './signed-image.ts'

interface Known {
  readonly key: PublicKey
  readonly block: EspBlock
}

/**
 * Whether a chip whose eFuses hold the digests of these keys starts the image.
 *
 * Stricter than the ROM: a damaged block is refused and not passed over, and so is a wrong signature beside a good one.
 */
export function verifyEsp(
  source: ByteSource,
  trust: DeviceTrust,
): Promise<Verdict | ArtefactRefused> {
  return refusingFormat(async () => {
    const signed = await readEspSignedImage(source)
    if (signed.kind === 'refused') return signed
    const { blocks, covered, description } = signed
    if (blocks.length === 0)
      return refuse('artefact-not-signed', 'no signature block stands behind the image')
    if (new Set(blocks.map(({ scheme }) => kindOfScheme[scheme].digest)).size > 1)
      return refuse('artefact-malformed', 'blocks of several schemes, and a chip knows one')
    const { digest: name } = kindOfScheme[blocks[0]!.scheme]
    const digest = await digestPieces(name, [{ source, from: 0, length: covered }])
    const wrong = blocks.find((block) => !sameBytes(block.digest, digest))
    if (wrong !== undefined)
      return refuse(
        'artefact-digest-wrong',
        `${name} of the image is ${digest.toHex()}, a block says ${wrong.digest.toHex()}`,
      )
    const known = knownBlocks(blocks, trust.keys)
    if (known.length === 0)
      return refuse('artefact-signer-unknown', `none of ${blocks.length} blocks is by a known key`)
    const failed = known.findIndex((one) => !holds(one, digest))
    if (failed >= 0) return refuse('signature-wrong', `by ${known[failed]?.key.algorithm}`)
    const found = {
      signers: known.map(({ key }) => bareSigner(key)),
      version: description?.version,
      securityVersion: description?.securityVersion,
      covers: [],
    }
    return conclude(found, trust)
  })
}

/** A key is known by the octets whose digest is in the eFuses: what the ROM computes with is part of it. */
function knownBlocks(blocks: readonly EspBlock[], keys: readonly PublicKey[]): readonly Known[] {
  const mine = keys.filter(({ algorithm }) => espKinds[algorithm] !== undefined)
  return blocks.flatMap((block) => {
    const key = mine.find((one) => sameBytes(espKeyOctets(one), block.key))
    return key === undefined ? [] : [{ key, block }]
  })
}

function holds({ key, block: { scheme, signature } }: Known, digest: Uint8Array): boolean {
  const algorithm = signatureAlgorithms[kindOfScheme[scheme].algorithm]
  return verifyDigest(algorithm, key, digest, x509Signature(scheme, signature))
}
