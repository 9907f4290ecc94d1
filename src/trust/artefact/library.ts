// SPDX-License-Identifier: Apache-2.0
/** Signed artefacts for programs of others: `vitalsign-trust/artefact`. */
import type { ArchiveTools } from '#format/archive/archive.ts'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import { handleSource, type ReadHandle } from '#format/archive/handle-source.ts'
import { FormatError } from '#format/format-error.ts'
import { findForm, formNamed } from './find-form.ts'
import type { Anatomy } from './form.ts'
import { artefactForms } from './forms.ts'
import { type HeldTrust, readTrust } from './read-trust.ts'
import type { ArtefactRefused } from './refusal.ts'
import { showArtefact } from './show-artefact.ts'
import type { Verdict } from './verdict.ts'

export type { Anatomy, ArtefactRefused, ByteSource, HeldTrust, ReadHandle, Verdict }
export { handleSource, memorySource }

/** What is judged, and what of it is known already. */
export interface ArtefactFile {
  readonly source: ByteSource
  /** Of a signature that stands beside what it signs: what was signed. */
  readonly beside?: ByteSource
  /** Its form; absent: what is in it says. */
  readonly form?: string
  /** What unpacks the compressed parts of some forms (Mender, RAUC); absent: those are refused. */
  readonly tools?: ArchiveTools
}

export type Judged =
  | { readonly kind: 'judged'; readonly form: string; readonly verdict: Verdict }
  | ArtefactRefused

/** Whether a device that holds this would believe the file; reads it piece by piece, and throws nothing for its octets. */
export async function verifyArtefact(file: ArtefactFile, held: HeldTrust): Promise<Judged> {
  const read = readTrust(held)
  if (read.kind === 'refused') return read
  const form = await formOf(file)
  if ('reason' in form) return form
  const verdict = await form.verify(file.source, read.trust, file.beside)
  return verdict.kind === 'refused' ? verdict : { kind: 'judged', form: form.name, verdict }
}

/** What the file is made of; no signature of it is checked. */
export async function inspectArtefact(
  file: ArtefactFile,
): Promise<
  { readonly kind: 'shown'; readonly form: string; readonly anatomy: Anatomy } | ArtefactRefused
> {
  const form = await formOf(file)
  if ('reason' in form) return form
  const anatomy = await showArtefact(form, file.source)
  return 'reason' in anatomy ? anatomy : { kind: 'shown', form: form.name, anatomy }
}

function formOf({ source, form, tools = withoutTools }: ArtefactFile) {
  const forms = artefactForms(tools)
  return form === undefined ? findForm(source, forms) : formNamed(form, forms)
}

/** Unpacks nothing. */
const withoutTools: ArchiveTools = {
  unpack: async () => refuseToUnpack(),
  open: () => refuseToUnpack(),
}

function refuseToUnpack(): never {
  throw new FormatError('value-not-allowed', 0, 'a compressed part, which is not unpacked here')
}
