// SPDX-License-Identifier: Apache-2.0
import { judgeRelease } from '#core/approvals/judge-release.ts'
import { refuseDisputed } from '#core/approvals/refuse-disputed.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import type { Release, ReleasePart } from '#core/ledger/tables.ts'
import { attachPart, detachPart, type NewPart } from '#core/releases/attach.ts'
import { createRelease, type ReleaseChanged } from '#core/releases/create.ts'
import { editRelease } from '#core/releases/edit.ts'
import { publishRelease } from '#core/releases/publish.ts'
import { submitRelease } from '#core/releases/submit.ts'
import { withdrawRelease } from '#core/releases/withdraw.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Call, Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import type { ScanDesk } from '../scan/scan-desk.ts'
import { gapLines, openNamed, scanLines } from './release-files.ts'
import { releaseStory } from './release-story.ts'

type ReleaseVerbs = Pick<
  Verbs,
  | 'release.attach'
  | 'release.attach-test'
  | 'release.create'
  | 'release.detach'
  | 'release.download'
  | 'release.edit'
  | 'release.gaps'
  | 'release.list'
  | 'release.manifest'
  | 'release.publish'
  | 'release.scan'
  | 'release.show'
  | 'release.submit'
  | 'release.withdraw'
>

/** Builds of a product on their way to devices. */
export function releaseVerbs(core: Core, log: LogStore, desk: ScanDesk): ReleaseVerbs {
  const { ledger } = core
  /** What most of them do: find the release, at the version that the caller saw, and change it. */
  const changing = async (
    id: string,
    call: Call,
    work: (release: Release) => Promise<ReleaseChanged>,
  ) => {
    const release = await ledger.read('release', id)
    if (release === undefined) return notFound(id)
    const differs = checkVersion(release, call)
    if (differs !== undefined) return differs
    const changed = await work(release)
    return changed.kind === 'refused' ? changed : showRelease(changed.release)
  }
  const attach = async (id: string, part: NewPart, call: Call) => {
    const release = await ledger.read('release', id)
    if (release === undefined) return notFound(id)
    const differs = checkVersion(release, call)
    if (differs !== undefined) return differs
    const attached = await attachPart(release, part, call.caller.actor, core)
    return attached.kind === 'refused' ? attached : showPart(attached.part)
  }
  return {
    'release.create': async ({ supportUntil, environment, ...asked }, { caller }) => {
      const created = await createRelease(
        { ...asked, environment, supportUntil: instantOf(supportUntil) ?? null },
        caller.actor,
        core,
      )
      return created.kind === 'refused' ? created : showRelease(created.release)
    },

    'release.list': async ({ product, state, channel, ...paging }) => {
      const walk =
        product !== undefined
          ? ({ by: 'product', equal: [product] } as const)
          : state !== undefined
            ? ({ by: 'state', equal: [state] } as const)
            : ({ by: 'created' } as const)
      const { items, next } = await ledger.list('release', {
        ...{ ...walk, descending: true, ...pageOf(paging) },
        where: { ...(state && { state }), ...(channel && { channel }) },
      })
      return { items: items.map(showRelease), next }
    },

    'release.show': async ({ release: id }) => {
      const release = await ledger.read('release', id)
      if (release === undefined) return notFound(id)
      return { ...showRelease(release), ...(await releaseStory(release, core, log)) }
    },

    'release.manifest': async ({ release: id, revision }) => {
      const release = await ledger.read('release', id)
      if (release === undefined) return notFound(id)
      const made = await ledger.find('releaseManifest', 'revision', [
        id,
        revision ?? release.revision,
      ])
      if (made === undefined)
        return notFound(`${id} in revision ${revision ?? release.revision} that was submitted`)
      return {
        ...{ release: id, revision: made.revision, sha256: made.sha256.toHex() },
        ...{ madeAt: made.madeAt.toString(), manifest: new TextDecoder().decode(made.text) },
      }
    },

    'release.edit': ({ release: id, supportUntil, ...asked }, call) => {
      const until = instantOf(supportUntil)
      const terms = { ...given(asked), ...(until && { supportUntil: until }) }
      return changing(id, call, (release) => editRelease(release, terms, call.caller.actor, core))
    },

    'release.attach': ({ release, sha256, ...asked }, call) =>
      attach(release, { ...asked, sha256: Uint8Array.fromHex(sha256) }, call),

    'release.attach-test': ({ release, sha256, ...asked }, call) =>
      attach(release, { role: 'test', ...asked, sha256: Uint8Array.fromHex(sha256) }, call),

    'release.detach': async ({ release: id, part: partId }, call) => {
      const part = await ledger.read('releasePart', partId)
      if (part === undefined || part.release !== id || part.slot === null) return notFound(partId)
      return changing(id, call, (release) => detachPart(release, part, call.caller.actor, core))
    },

    'release.gaps': async ({ release: id }) => {
      const release = await ledger.read('release', id)
      return release === undefined ? notFound(id) : gapLines(release, core)
    },

    'release.scan': async ({ release: id, again }, { caller, signal }) => {
      const release = await ledger.read('release', id)
      if (release === undefined) return notFound(id)
      if (desk.isBusy) return refuse('busy', 'another image is being scanned here')
      return desk.lines(() => scanLines({ release, again, signal, actor: caller.actor }, core))
    },

    'release.download': async ({ release: id, name }) => {
      const release = await ledger.read('release', id)
      if (release === undefined) return notFound(id)
      return openNamed(release, name, core)
    },

    'release.submit': ({ release: id }, call) =>
      changing(id, call, (release) => submitRelease(release, call.caller.actor, core)),

    'release.withdraw': ({ release: id, because }, call) =>
      changing(id, call, (release) => withdrawRelease(release, because, call.caller.actor, core)),

    'release.publish': ({ release: id }, call) =>
      changing(
        id,
        call,
        async (release) =>
          refuseDisputed(await judgeRelease(release, core)) ??
          publishRelease(release, call.caller.actor, core),
      ),
  }
}

function instantOf(text: string | undefined): Temporal.Instant | undefined {
  return text === undefined ? undefined : Temporal.Instant.from(text)
}

/** Without what was not said. */
function given<T extends object>(asked: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

export function showRelease(release: Release): OutputOf<'release.list'> {
  const { id, version, product, firmwareVersion, securityVersion, kind, channel } = release
  const { environment, state, revision, contributors, createdBy, because } = release
  return {
    ...{ id, version, product, firmwareVersion, securityVersion, kind, channel, environment },
    ...{ state, revision, supportUntil: release.supportUntil?.toString() ?? null },
    manifestSha256: release.manifestSha256?.toHex() ?? null,
    ...{ contributors: [...contributors], createdBy, because },
    createdAt: release.createdAt.toString(),
    submittedAt: release.submittedAt?.toString() ?? null,
    signedAt: release.signedAt?.toString() ?? null,
    publishedAt: release.publishedAt?.toString() ?? null,
    withdrawnAt: release.withdrawnAt?.toString() ?? null,
  }
}

export function showPart(part: ReleasePart): OutputOf<'release.attach'> {
  const { id, role, name, sha256, octets, facts, addedBy, addedAt } = part
  return {
    ...{ id, role, name, sha256: sha256.toHex(), octets, facts: { ...facts }, addedBy },
    addedAt: addedAt.toString(),
  }
}
