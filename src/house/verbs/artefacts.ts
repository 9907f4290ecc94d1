// SPDX-License-Identifier: Apache-2.0
import type { Upload } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { mayName } from '#core/releases/own-octets.ts'
import type { OpenOctets } from '#core/releases/ports.ts'
import { storedOf } from '#core/releases/stored.ts'
import { abandonUpload, appendUpload, beginUpload, uploadProgress } from '#core/releases/uploads.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { OctetsAnswer, Verbs } from '#edge/admin/verbs.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'

type ArtefactVerbs = Pick<
  Verbs,
  | 'artefact.abandon'
  | 'artefact.append'
  | 'artefact.download'
  | 'artefact.list'
  | 'artefact.progress'
  | 'artefact.upload'
>

/** Octets of any size, in and out. */
export function artefactVerbs(core: Core): ArtefactVerbs {
  const { ledger, artefactLimit } = core
  return {
    'artefact.upload': async ({ sha256, ...asked }, { caller }) => {
      const wanted = { ...asked, sha256: Uint8Array.fromHex(sha256) }
      const { actor, products } = caller
      const named =
        products && ((digest: Uint8Array) => mayName(digest, { id: actor.id, products }, ledger))
      const begun = await beginUpload(wanted, artefactLimit, actor, core, named)
      if (begun.kind === 'refused') return begun
      if (begun.kind === 'open') return showUpload(begun.upload, begun.offset)
      const { octets } = begun.stored
      return { upload: null, sha256, octets, offset: octets, complete: true }
    },

    'artefact.progress': async ({ upload: id }) => {
      const upload = await ledger.read('upload', id)
      if (upload === undefined) return notFound(id)
      const at = await uploadProgress(upload, core)
      return at.kind === 'refused' ? at : showUpload(upload, at.offset)
    },

    'artefact.append': async ({ upload: id, offset }, { caller, body }) => {
      const upload = await ledger.read('upload', id)
      if (upload === undefined) return notFound(id)
      const added = await appendUpload(upload, offset, body, caller.actor, core)
      if (added.kind === 'refused') return added
      return showUpload(added.upload, added.kind === 'stored' ? added.stored.octets : added.offset)
    },

    'artefact.abandon': async ({ upload: id }, { caller }) => {
      const upload = await ledger.read('upload', id)
      if (upload === undefined) return notFound(id)
      return (await abandonUpload(upload, caller.actor, core)) ?? { done: true }
    },

    'artefact.list': async ({ state, ...paging }) => {
      const { items, next } = await ledger.list('stored', {
        ...{ by: 'state', equal: [state], descending: true, ...pageOf(paging) },
      })
      return {
        items: items.map(({ id, sha256, octets, storedBy, ...stored }) => ({
          ...{ id, sha256: sha256.toHex(), octets, state: stored.state, storedBy },
          storedAt: stored.storedAt.toString(),
          wantedAt: stored.wantedAt.toString(),
        })),
        next,
      }
    },

    'artefact.download': async ({ digest, name }) => {
      const sha256 = Uint8Array.fromHex(digest)
      const stored = await storedOf(sha256, ledger)
      if (stored?.state !== 'kept')
        return refuse('not-found', `nothing here has the SHA-256 ${digest}`)
      return openOctets(sha256, name ?? digest, () => core.artefacts.open(sha256))
    },
  }
}

/** Octets on their way out, in steps. */
export async function openOctets(
  sha256: Uint8Array,
  name: string,
  open: () => Promise<OpenOctets | undefined>,
): Promise<OctetsAnswer | Refused> {
  const opened = await open()
  if (opened === undefined)
    return refuse('artefact-missing', `the octets with SHA-256 ${sha256.toHex()} are not here`)
  const { octets, source } = opened
  return {
    ...{ octets, sha256, name },
    read: (from, length) => stepsOf(source, from, length),
    close: () => opened.close(),
  }
}

/** What a client is given at once: more would only lie in memory until it is taken. */
const stepOctets = 131_072

async function* stepsOf(
  source: ByteSource,
  from: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const end = from + length
  for (let at = from; at < end; ) {
    const step = await source.read(at, Math.min(stepOctets, end - at))
    if (step.length === 0) throw new FormatError('truncated', at)
    yield step
    at += step.length
  }
}

function showUpload({ id, sha256, octets, state }: Upload, offset: number) {
  return {
    ...{ upload: id, sha256: sha256.toHex(), octets, offset },
    complete: state === 'done',
  }
}
