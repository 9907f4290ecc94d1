// SPDX-License-Identifier: Apache-2.0
/** Who speaks for devices, and which requests wait; deciding on those needs policy and is the house's. */
import {
  addProxy,
  addRegistrar,
  removeProxy,
  removeRegistrar,
} from '#core/enrolment/speakers/register.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { PendingRequest, ProxyRecord, Registrar } from '#core/ledger/tables.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { Verbs } from '../verbs.ts'
import { readCertificate } from './pem.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { pageOf } from './queries.ts'
import { checkVersion, notFound } from './record.ts'

type RequestVerbs = Pick<
  Verbs,
  | 'proxy.add'
  | 'proxy.list'
  | 'proxy.remove'
  | 'registrar.add'
  | 'registrar.list'
  | 'registrar.remove'
  | 'request.list'
>

export function requestVerbs(ports: LedgerVerbPorts): RequestVerbs {
  const { ledger } = ports
  return {
    'request.list': async ({ state, device, ...paging }) => {
      const walk =
        device !== undefined
          ? { by: 'device' as const, equal: [device, ...(state === undefined ? [] : [state])] }
          : state !== undefined && { by: 'state' as const, equal: [state] }
      const { items, next } = await ledger.list('request', { ...walk, ...pageOf(paging) })
      return { items: await Promise.all(items.map((one) => showRequest(one, ledger))), next }
    },

    'registrar.add': async ({ name, certificate: pem, products, until, renews }, { caller }) => {
      const read = readCertificate(pem)
      if (read.kind === 'refused') return read
      const expiresAt = until === undefined ? undefined : Temporal.Instant.from(until)
      const asked = { name, certificate: read.certificate, products, expiresAt, renews }
      const added = await addRegistrar(asked, caller.actor, ports)
      return added.kind === 'refused' ? added : showRegistrar(added.registrar)
    },

    'registrar.list': async ({ name, ...paging }) => {
      if (name !== undefined) {
        const found = await ledger.find('registrar', 'name', [name])
        return { items: found === undefined ? [] : [showRegistrar(found)], next: null }
      }
      const { items, next } = await ledger.list('registrar', pageOf(paging))
      return { items: items.map(showRegistrar), next }
    },

    'registrar.remove': async ({ registrar: id }, call) => {
      const found = await ledger.read('registrar', id)
      if (found === undefined) return notFound(id)
      const differs = checkVersion(found, call)
      if (differs !== undefined) return differs
      const removed = await removeRegistrar(found, call.caller.actor, ports)
      return removed.kind === 'refused' ? removed : showRegistrar(removed.record)
    },

    'proxy.add': async ({ name, certificate: pem }, { caller }) => {
      const read = readCertificate(pem)
      if (read.kind === 'refused') return read
      const added = await addProxy({ name, certificate: read.certificate }, caller.actor, ports)
      return added.kind === 'refused' ? added : showProxy(added.proxy)
    },

    'proxy.list': async ({ name, ...paging }) => {
      if (name !== undefined) {
        const found = await ledger.find('proxy', 'name', [name])
        return { items: found === undefined ? [] : [showProxy(found)], next: null }
      }
      const { items, next } = await ledger.list('proxy', pageOf(paging))
      return { items: items.map(showProxy), next }
    },

    'proxy.remove': async ({ proxy: id }, call) => {
      const found = await ledger.read('proxy', id)
      if (found === undefined) return notFound(id)
      const differs = checkVersion(found, call)
      if (differs !== undefined) return differs
      const removed = await removeProxy(found, call.caller.actor, ports)
      return removed.kind === 'refused' ? removed : showProxy(removed.record)
    },
  }
}

/** A request as people see it, with the serial and the entrance by their names. */
export async function showRequest(
  record: PendingRequest,
  ledger: Ledger,
): Promise<OutputOf<'request.list'>> {
  const [device, entrance] = await Promise.all([
    ledger.read('device', record.device),
    ledger.read('entrance', record.entrance),
  ])
  return {
    ...record,
    deviceSerial: device?.serial ?? record.device,
    entrance: entrance?.label ?? record.entrance,
    requestSha256: record.requestSha256.toHex(),
    askedAt: record.askedAt.toString(),
    expiresAt: record.expiresAt.toString(),
    decidedAt: record.decidedAt?.toString() ?? null,
  }
}

function showRegistrar(registrar: Registrar): OutputOf<'registrar.list'> {
  return {
    ...registrar,
    products: [...registrar.products],
    certificateSha256: registrar.certificateSha256.toHex(),
    createdAt: registrar.createdAt.toString(),
    expiresAt: registrar.expiresAt.toString(),
  }
}

function showProxy(proxy: ProxyRecord): OutputOf<'proxy.list'> {
  return {
    ...proxy,
    certificateSha256: proxy.certificateSha256.toHex(),
    createdAt: proxy.createdAt.toString(),
  }
}
