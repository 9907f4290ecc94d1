// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Authority } from '#core/ledger/tables.ts'
import type { InputOf } from '#format/admin/operations.ts'
import type { AuthorityView, CertificateView } from '#format/admin/views.ts'
import { refuse } from '#trust/refusal.ts'
import type { Verbs } from '../verbs.ts'
import { findCertificate } from './find-certificate.ts'
import { pemOf, readCertificate } from './pem.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { certificateQuery, pageOf, passesFilters } from './queries.ts'
import { notFound } from './record.ts'
import { showAuthority, showCertificate } from './show.ts'

type CertificateVerbs = Pick<
  Verbs,
  | 'authority.export'
  | 'authority.list'
  | 'authority.show'
  | 'certificate.export'
  | 'certificate.find'
  | 'certificate.list'
  | 'certificate.show'
>

/** Events shown with a certificate. */
const mostShown = 100

export function certificateVerbs(ports: LedgerVerbPorts): CertificateVerbs {
  const { ledger } = ports
  return {
    'certificate.list': async (asked) => {
      if (asked.serialNumber !== undefined) return bySerialNumber(asked.serialNumber, asked, ledger)
      const query = certificateQuery(asked)
      if ('reason' in query) return query
      if (asked.learnt) return learntOnes(asked, ledger)
      const { items, next } = await ledger.list('certificate', query)
      return { items: items.map(showCertificate), next }
    },

    'certificate.show': async ({ certificate: id }) => {
      const certificate = await ledger.read('certificate', id)
      if (certificate === undefined) return notFound(id)
      const events = await ports.history.about(id, mostShown)
      return { ...showCertificate(certificate), events: [...events] }
    },

    'certificate.find': async ({ certificate: pem }) => {
      const read = readCertificate(pem)
      if (read.kind === 'refused') return read
      const found = await findCertificate(read.certificate, ledger)
      return 'reason' in found ? found : showCertificate(found)
    },

    'certificate.export': async ({ certificate: id, chain }) => {
      const [certificate, encoding] = await Promise.all([
        ledger.read('certificate', id),
        ledger.read('encoding', id),
      ])
      if (certificate === undefined) return notFound(id)
      if (encoding === undefined) {
        return refuse('not-found', `certificate ${id} was booked and never signed`)
      }
      const above = chain ? await authoritiesFrom(certificate.authority, ledger) : []
      // A root is what the other side has already; that of an adopted authority is a foreign one.
      const withoutRoot = above.filter((authority) => authority.parent !== null)
      return { pem: pemOf([encoding.der, ...withoutRoot.map((one) => one.certificate)]) }
    },

    'authority.list': async ({ kind, name, ...paging }) => {
      if (name !== undefined) {
        const authority = await ledger.find('authority', 'name', [name])
        const fits = authority !== undefined && (kind === undefined || authority.kind === kind)
        return { items: fits ? [await withKey(authority, ledger)] : [], next: null }
      }
      const walk = kind === undefined ? {} : ({ by: 'kind', equal: [kind] } as const)
      const { items, next } = await ledger.list('authority', { ...walk, ...pageOf(paging) })
      return { items: await Promise.all(items.map((one) => withKey(one, ledger))), next }
    },

    'authority.show': async ({ authority: id }) => {
      const authority = await ledger.read('authority', id)
      return authority === undefined ? notFound(id) : withKey(authority, ledger)
    },

    'authority.export': async ({ authority: id, chain }) => {
      const authorities = await authoritiesFrom(id, ledger)
      const [authority] = authorities
      if (authority === undefined) return notFound(id)
      return { pem: pemOf((chain ? authorities : [authority]).map((one) => one.certificate)) }
    },
  }
}

/** A serial number is unique below one authority: each authority here is asked for it. */
async function bySerialNumber(hex: string, asked: InputOf<'certificate.list'>, ledger: Ledger) {
  const serialNumber = Uint8Array.fromHex(hex.replaceAll(':', ''))
  const items: CertificateView[] = []
  let after: string | null | undefined
  do {
    const authorities = await ledger.list('authority', {
      limit: mostAtOnce,
      ...(after == null ? {} : { after }),
    })
    for (const { id } of authorities.items) {
      const found = await ledger.find('certificate', 'serialNumber', [id, serialNumber])
      if (found !== undefined && passesFilters(found, asked)) items.push(showCertificate(found))
    }
    after = authorities.next
  } while (after !== null)
  return { items, next: null }
}

/** A page of the learnt, the newest first, without those that the other filters leave out. */
async function learntOnes(asked: InputOf<'certificate.list'>, ledger: Ledger) {
  const page = await ledger.list('learnt', { descending: true, ...pageOf(asked) })
  const items: CertificateView[] = []
  for (const { certificate } of page.items) {
    const found = await ledger.read('certificate', certificate)
    if (found !== undefined && passesFilters(found, asked)) items.push(showCertificate(found))
  }
  return { items, next: page.next }
}

/** Authorities read at once; a house has tens. */
const mostAtOnce = 100

/** Hierarchies have two or three levels; more would be a ring. */
const mostLevels = 8

/** An authority and those above it, up to the root. */
async function authoritiesFrom(id: string, ledger: Ledger): Promise<readonly Authority[]> {
  const found: Authority[] = []
  let next: string | null = id
  while (next !== null && found.length < mostLevels) {
    const authority: Authority | undefined = await ledger.read('authority', next)
    if (authority === undefined) break
    found.push(authority)
    next = authority.parent
  }
  return found
}

/** An authority with where its key is. */
async function withKey(authority: Authority, ledger: Ledger): Promise<AuthorityView> {
  const key = authority.key === null ? undefined : await ledger.read('key', authority.key)
  return showAuthority(authority, key)
}
