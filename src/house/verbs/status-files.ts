// SPDX-License-Identifier: Apache-2.0
import type { Authority } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { authoritiesBelow } from '#core/status-files/authorities-below.ts'
import { holdAgainstLedger } from '#core/status-files/verify-status-file.ts'
import { readCertificates } from '#edge/admin/ledger-verbs/pem.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { parseStatusFile } from '#format/compact-status/status-file.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { openStatusFile } from '#trust/compact-status/open-status-file.ts'
import { keyDigest, statusOf } from '#trust/compact-status/status-of.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { Core } from '../core.ts'
import type { NamedSet } from '../status-files.ts'

type StatusFileVerbs = Pick<
  Verbs,
  'status-file.list' | 'status-file.look-up' | 'status-file.make' | 'status-file.verify'
>

/** The files for those who cannot ask: few, one a set of roots. */
export function statusFileVerbs(core: Core): StatusFileVerbs {
  const { statusFiles, doors, clock } = core
  return {
    'status-file.list': async ({ limit, after }) => {
      if (after !== undefined && !/^\d{1,9}$/.test(after))
        return refuse('input-wrong', `after: "${after}" is no cursor of this list`)
      const first = Number(after ?? 0)
      const sets = await statusFiles.sets()
      const items = await Promise.all(
        sets.slice(first, first + limit).map((set) => show(set, core)),
      )
      return { items, next: sets.length > first + limit ? String(first + limit) : null }
    },

    'status-file.make': async ({ product }) => {
      const sets = await setsOf(product, core)
      if ('reason' in sets) return sets
      for (const set of sets) await statusFiles.make(set, true)
      return { files: await Promise.all(sets.map((set) => show(set, core))) }
    },

    'status-file.look-up': async ({ certificate: pem }) => {
      const read = readCertificates('certificate', pem)
      if ('kind' in read) return read
      const [certificate, another] = read
      if (certificate === undefined || another !== undefined)
        return refuse('input-wrong', `certificate: one is needed, ${read.length} are there`)
      const issuers = doors.authorities.map((one) =>
        parseCertificate(one.certificate, { unknownCritical: 'keep' }),
      )
      const above = issuers.filter((one) =>
        one.subject.der.every((octet, at) => octet === certificate.issuer.der[at]),
      )
      const answers: OutputOf<'status-file.look-up'>['answers'] = []
      for (const { digest, products } of await statusFiles.sets()) {
        const record = await statusFiles.newest(digest.toHex())
        if (record === undefined) continue
        const file = parseStatusFile(record.file)
        const hasEnded = Temporal.Instant.compare(certificate.notAfter, clock.now()) < 0
        const said = above.map((one) => statusOf(file, keyDigest(one), certificate.serialNumber))
        const answer = hasEnded
          ? 'expired'
          : (said.find((one) => one !== 'not-covered') ?? 'not-covered')
        answers.push({
          anchors: digest.toHex(),
          products: [...products],
          number: file.number,
          answer,
        })
      }
      return { answers }
    },

    'status-file.verify': async ({ product }) => {
      const sets = await setsOf(product, core)
      if ('reason' in sets) return sets
      const files = []
      for (const set of sets) {
        const verified = await verify(set, core)
        if (verified !== undefined) files.push(verified)
      }
      return { good: files.every(({ good }) => good), files }
    },
  }
}

async function setsOf(
  product: string | undefined,
  { statusFiles, ledger }: Core,
): Promise<readonly NamedSet[] | Refused> {
  const sets = await statusFiles.sets()
  if (product === undefined) return sets
  const record = await ledger.read('product', product)
  if (record === undefined) return refuse('not-found', `there is no product ${product}`)
  return sets.filter(({ products }) => products.includes(record.name))
}

async function show(
  { digest, anchors, products }: NamedSet,
  { statusFiles }: Core,
): Promise<OutputOf<'status-file.list'>> {
  const name = digest.toHex()
  const newest = await statusFiles.newest(name)
  return {
    ...{ anchors: name, roots: anchors.map((one) => one.name), products: [...products] },
    path: `/status/${name}.vss`,
    number: newest?.number ?? null,
    certificates: newest?.certificates ?? null,
    revoked: newest?.revoked ?? null,
    size: newest?.file.length ?? null,
    sha256: newest?.fileSha256.toHex() ?? null,
    madeAt: newest?.createdAt.toString() ?? null,
    coversUntil: newest?.coversUntil.toString() ?? null,
    expiresAt: newest?.expiresAt.toString() ?? null,
  }
}

async function verify({ digest, roots }: NamedSet, core: Core) {
  const { statusFiles, doors, clock } = core
  const record = await statusFiles.newest(digest.toHex())
  if (record === undefined) return undefined
  const anchors = doors.authorities.flatMap((one) => (roots.has(one.id) ? anchorsOf(one) : []))
  const now = clock.now()
  const opened = openStatusFile(record.file, { anchors, at: now, ifStale: 'refuse' })
  const holders = authoritiesBelow(roots, doors.authorities, (one) => doors.above(one))
  const file = opened.kind === 'opened' ? opened.trusted.file : parseStatusFile(record.file)
  const held = await holdAgainstLedger(file, holders, now, core.rows)
  const because = opened.kind === 'refused' ? opened.detail : null
  const good = because === null && held.differ === 0
  return { anchors: digest.toHex(), number: record.number, good, ...held, because }
}

function anchorsOf({ certificate }: Authority) {
  const anchor = anchorOf(parseCertificate(certificate, { unknownCritical: 'keep' }))
  return anchor.kind === 'anchor' ? [anchor.anchor] : []
}
