// SPDX-License-Identifier: Apache-2.0
import { adoptAuthority } from '#core/adoption/adopt-authority.ts'
import { type AdoptionNews, adoptCertificates } from '#core/adoption/adopt-certificates.ts'
import type { AdoptingList } from '#core/adoption/adoptee.ts'
import type { KeptKeys } from '#core/authority/signing-key.ts'
import type { Refused } from '#core/refusal.ts'
import { RefusalError } from '#edge/admin/answers/problem.ts'
import { showAuthority } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { FormatError } from '#format/format-error.ts'
import { type IssuedForm, ListFault, readIssuedList } from '#format/issued-list/read-issued-list.ts'
import { type PemBlock, parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { Core } from '../core.ts'

type AdoptionVerbs = Pick<Verbs, 'authority.import' | 'certificate.import'>

/** What brings another PKI's authorities and certificates here. */
export function adoptionVerbs(core: Core, keys: KeptKeys): AdoptionVerbs {
  return {
    'authority.import': async (asked, { caller }) => {
      const read = readAuthority(asked)
      if (read.kind === 'refused') return read
      const { environment, ledger, clock, random } = core
      const adopted = await adoptAuthority({ ...read.authority, environment }, caller.actor, {
        ...{ ledger, clock, random, keys },
      })
      read.authority.privateKey.fill(0)
      return adopted.kind === 'refused' ? adopted : showAuthority(adopted.authority)
    },

    'certificate.import': async (asked, { body, caller }) => {
      const list = await listOf(asked, core)
      if (list.kind === 'refused') return list
      const counted = { bytes: 0 }
      const rows = rowsOf(asked.form, body, counted)
      return linesOf(adoptCertificates(rows, list.list, caller.actor), counted)
    },
  }
}

function readAuthority(asked: InputOf<'authority.import'>) {
  try {
    const [certificate, ...above] = parsePem(asked.certificate)
      .filter(({ label }) => label === 'CERTIFICATE')
      .map(({ bytes }): Certificate => parseCertificate(bytes, { unknownCritical: 'keep' }))
    if (certificate === undefined) {
      return refuse('input-wrong', 'certificate: no certificate is in it')
    }
    const keys = parsePem(asked.key).filter(({ label }) => label === 'PRIVATE KEY')
    const [key]: readonly (PemBlock | undefined)[] = keys
    if (key === undefined || keys.length > 1) {
      return refuse('input-wrong', `key: one PRIVATE KEY block is needed, ${keys.length} are there`)
    }
    const { name, issue: mayIssue, lastCrlNumber } = asked
    const authority = { name, certificate, above, privateKey: key.bytes, mayIssue, lastCrlNumber }
    return { kind: 'read', authority } as const
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `certificate or key: ${error.message}`)
  }
}

async function listOf(
  asked: InputOf<'certificate.import'>,
  { ledger, clock, random, environment }: Core,
): Promise<{ readonly kind: 'list'; readonly list: AdoptingList } | Refused> {
  const authority = await ledger.read('authority', asked.authority)
  const product = await ledger.read('product', asked.product)
  if (authority === undefined || product === undefined) {
    return refuse(
      'not-found',
      `nothing here has the id ${authority ? asked.product : asked.authority}`,
    )
  }
  if (authority.key === null) {
    return refuse(
      'not-permitted',
      `${authority.name} signs elsewhere; import the authority with its key first`,
    )
  }
  const certificate = parseCertificate(authority.certificate, { unknownCritical: 'keep' })
  const anchor = anchorOf(certificate)
  if (anchor.kind === 'refused') return anchor
  const issuer = { certificate, publicKey: anchor.anchor.publicKey }
  const { kind, mostRefused } = asked
  return {
    kind: 'list',
    list: { ledger, clock, random, authority, issuer, product, kind, environment, mostRefused },
  }
}

/** A list that cannot be read any further is refused where it stops; what came before it stays. */
async function* rowsOf(
  form: IssuedForm,
  body: AsyncIterable<Uint8Array>,
  counted: { bytes: number },
) {
  async function* counting() {
    for await (const chunk of body) {
      counted.bytes += chunk.length
      yield chunk
    }
  }
  yield* readIssuedList(form, counting())
}

async function* linesOf(
  news: AsyncIterable<AdoptionNews>,
  counted: { readonly bytes: number },
): AsyncGenerator<OutputOf<'certificate.import'>> {
  const nothing = { added: 0, revoked: 0, devices: 0, unchanged: 0, expired: 0, refused: 0 }
  let count = { rows: 0, ...nothing }
  try {
    for await (const one of news) {
      if (one.kind !== 'refused') count = { ...one.count }
      yield lineOf(one, counted.bytes)
    }
  } catch (error) {
    const stop = stopIn(error)
    if (stop === undefined) throw error
    const { rows, ...counts } = count
    yield {
      kind: 'stopped',
      row: stop.row ?? rows + 1,
      reason: stop.reason,
      detail: stop.detail,
      ...counts,
    }
  }
}

function stopIn(error: unknown) {
  if (error instanceof ListFault) {
    return { row: error.row, reason: 'request-malformed', detail: error.message }
  }
  if (!(error instanceof RefusalError)) return undefined
  const { reason, detail } = error.refused
  return { row: undefined, reason, detail }
}

function lineOf(news: AdoptionNews, bytes: number): OutputOf<'certificate.import'> {
  switch (news.kind) {
    case 'refused':
      return { kind: 'refused', row: news.row, ...reasonOf(news.refused) }
    case 'progress':
      return { kind: 'progress', rows: news.count.rows, bytes }
    case 'done':
      return { kind: 'done', ...news.count }
    case 'stopped': {
      const { rows: _, ...counts } = news.count
      return { kind: 'stopped', row: news.row, ...reasonOf(news.refused), ...counts }
    }
  }
}

function reasonOf({ reason, detail }: Refused) {
  return { reason, detail }
}
