// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { readStopped, stoppedPart } from '#core/ceremony/stopped-attempts.ts'
import { signedStatement, verifyBundle } from '#core/ceremony/verify-bundle.ts'
import { Fault } from '#core/fault.ts'
import { writeWhole } from '#edge/ceremony/files.ts'
import {
  forgetStopped,
  keepBundle,
  readStoppedFiles,
  settleBundle,
  unmarkBegun,
  writeVault,
} from '#edge/ceremony/vault-files.ts'
import { type BundlePart, encodeBundle } from '#format/ceremony/bundle.ts'
import { type CeremonyManifest, encodeManifest } from '#format/ceremony/manifest.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { keystoreOf, type Sitting } from './sitting.ts'

/** What a ceremony leaves. */
export interface Held {
  readonly kind: 'held'
  readonly bundle: string
  readonly bundleSha256: string
  readonly manifestSha256: string
  readonly vault: string
  readonly act: number
  readonly rehearsal: boolean
  readonly roots: readonly { readonly name: string; readonly sha256: string }[]
}

/**
 * Signs what was made, and lets it out, in an order that a power cut cannot turn into half a ceremony: the
 * bundle is kept in the vault; then the vault says that this act happened; then it is told outside.
 */
export async function closeSitting(sitting: Sitting, scriptBytes: Uint8Array): Promise<Held> {
  const { minutes, place, out } = sitting
  await minutes.note('close', 'closed', { act: sitting.vault.act + 1 })
  const previousSha256 = sitting.vault.transcriptSha256
  sitting.vault = {
    ...sitting.vault,
    ...{ act: sitting.vault.act + 1, transcriptSha256: minutes.head },
    lastHeldAt: sitting.clock.now().toString({ fractionalSecondDigits: 3 }),
  }
  const { bytes, manifest } = await bundleOf(sitting, scriptBytes, previousSha256)
  const sound = await verifyBundle(bytes)
  if (sound.kind === 'refused') {
    throw new Fault('signing-failed', `the bundle does not verify: ${sound.detail}`)
  }
  const { act } = sitting.vault
  await keepBundle(place, act, bytes)
  await writeVault(place, sitting.vault, sitting.secrets)
  await settleBundle(place, act)
  await unmarkBegun(place)
  await forgetStopped(place)
  const path = join(out, `act-${act}.vitalsign`)
  await writeWhole(path, bytes)
  await writeApart(sitting)
  return {
    ...{ kind: 'held', bundle: path, bundleSha256: sha256(bytes).toHex() },
    manifestSha256: sha256(manifest).toHex(),
    ...{ vault: sitting.vault.vault, act, rehearsal: sitting.rehearsal },
    roots: sitting.vault.roots.map(({ name, certificate }) => ({
      ...{ name, sha256: sha256(certificate).toHex() },
    })),
  }
}

async function bundleOf(sitting: Sitting, scriptBytes: Uint8Array, previousSha256: string) {
  const { vault, minutes, script } = sitting
  const parts = [
    ...vault.roots.map(({ name, certificate }) => ({ name: `${name}.crt`, bytes: certificate })),
    ...sitting.parts,
    ...(await stoppedParts(sitting)),
    { name: 'script', bytes: scriptBytes },
    { name: 'transcript', bytes: minutes.bytes },
  ]
  const content: CeremonyManifest = {
    ...{ vault: vault.vault, act: vault.act, title: script.title, maker: vault.maker },
    ...{ environment: vault.environment, rehearsal: vault.rehearsal, publicUrl: vault.publicUrl },
    heldAt: vault.lastHeldAt,
    ...{ scriptSha256: sitting.scriptSha256, transcriptSha256: minutes.head, previousSha256 },
    roots: vault.roots.map(({ name, algorithm, certificate, twinOf }) => ({
      ...{ name, algorithm, twinOf: twinOf ?? '', sha256: sha256(certificate).toHex() },
    })),
    ...{ certificates: sitting.certificates, lists: sitting.lists },
    parts: parts.map(({ name, bytes }) => ({ name, sha256: sha256(bytes).toHex() })),
  }
  const manifest = encodeManifest(content)
  const statement = signedStatement(manifest)
  const keystore = keystoreOf(sitting)
  const signatures = await Promise.all(
    vault.roots.map(async ({ name, keyId }) => ({
      ...{ root: name, signature: await keystore.sign(keyId, statement) },
    })),
  )
  return { manifest, bytes: encodeBundle({ manifest, parts, signatures }) }
}

/** Attempts that came to no end; what does not read as one stays in the vault. */
async function stoppedParts({ place }: Sitting): Promise<readonly BundlePart[]> {
  const files = await readStoppedFiles(place)
  return files
    .filter((bytes) => readStopped(bytes) !== undefined)
    .map((bytes, at) => ({ name: stoppedPart(at + 1), bytes }))
}

/** Certificates and lists as single files, too, for who needs no bundle. */
async function writeApart({ vault, parts, out }: Sitting): Promise<void> {
  const encoder = new TextEncoder()
  const pem = (label: string, bytes: Uint8Array) => encoder.encode(encodePem(label, bytes))
  for (const { name, certificate } of vault.roots)
    await writeWhole(join(out, `${name}.pem`), pem('CERTIFICATE', certificate))
  for (const { name, bytes } of parts) {
    const label = name.endsWith('.crl') ? 'X509 CRL' : 'CERTIFICATE'
    await writeWhole(join(out, `${name}.pem`), pem(label, bytes))
  }
}
