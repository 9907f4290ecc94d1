// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import type { ArchiveTools } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { conclude } from '#trust/artefact/conclude.ts'
import { judgeHardware } from '#trust/artefact/judge-hardware.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import type { DeviceTrust, Verdict } from '#trust/artefact/verdict.ts'
import { verifyCms } from '#trust/cms/verify-cms.ts'
import { refuse } from '#trust/refusal.ts'
import { refuseImages } from './content.ts'
import { refuseTree } from './plan.ts'
import { readBundle } from './read-bundle.ts'

/**
 * As RAUC judges a bundle of format verity: the CMS over the manifest, the hash tree that the manifest names, and the
 * images that it lists. `compatible` is the hardware that it was made for, which RAUC looks at when it installs.
 *
 * @throws FormatError where it is a bundle that does not read
 */
export async function verifyRauc(
  source: ByteSource,
  trust: DeviceTrust,
  tools: ArchiveTools,
): Promise<Verdict | ArtefactRefused> {
  const bundle = await readBundle(source)
  if (bundle === undefined)
    return refuse(
      'artefact-not-signed',
      'it does not end as a bundle of RAUC does: it is not signed, or was cut off, or octets follow it',
    )
  if (bundle.kind === 'refused') return bundle
  const { cms, signed, squashfsSize, verity, manifest } = bundle
  const digestOf = async (name: string) => Uint8Array.from(createHash(name).update(signed).digest())
  const proved = await verifyCms(cms, digestOf, trust, { unknownSigners: 'refused' })
  if (proved.kind === 'refused') return proved
  const no =
    judgeHardware([manifest.compatible], trust) ??
    (await refuseTree(source, squashfsSize, verity)) ??
    (await refuseImages(source, squashfsSize, manifest.images, tools))
  if (no !== undefined) return no
  const { version, securityVersion, images } = manifest
  const covers = images.flatMap(({ filename, sha256 }) =>
    sha256 === undefined ? [] : [{ name: filename, sha256 }],
  )
  return conclude({ signers: proved.signers, version, securityVersion, covers }, trust)
}
