// SPDX-License-Identifier: Apache-2.0
import { addElement } from '#core/elements/add-element.ts'
import { assignElements } from '#core/elements/assign-elements.ts'
import { bindElement } from '#core/elements/bind-element.ts'
import { importElements } from '#core/elements/import-elements.ts'
import type { ListQuery } from '#core/ledger/ledger.ts'
import type { Element } from '#core/ledger/tables.ts'
import { VendorRegister } from '#core/vendors/vendor-trust.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { manifestSigner } from '#trust/element/verify-element.ts'
import { refuse } from '#trust/refusal.ts'
import type { Verbs } from '../verbs.ts'
import { assignmentRows, manifestRows } from './element-rows.ts'
import { importLines } from './import.ts'
import { readCertificate, readCertificates } from './pem.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { pageOf } from './queries.ts'
import { checkVersion, notFound } from './record.ts'

type ElementVerbs = Pick<
  Verbs,
  'element.add' | 'element.assign' | 'element.bind' | 'element.import' | 'element.list'
>

/** Secure elements: which are known, and in which device each is. */
export function elementVerbs(ports: LedgerVerbPorts): ElementVerbs {
  const { ledger } = ports
  const vouching = { ...ports, vendors: new VendorRegister(ledger) }
  return {
    'element.import': async ({ product: id, signer: pem, requireMaker }, { body, caller }) => {
      const product = await ledger.read('product', id)
      if (product === undefined) return notFound(id)
      const read = readCertificate(pem)
      if (read.kind === 'refused') return refuse('manifest-signer-wrong', read.detail)
      const signer = manifestSigner(read.certificate)
      if ('kind' in signer) return signer
      const counted = { bytes: 0 }
      const importing = {
        ...{ product, signerSha256: signer.certificateSha256, demandsMaker: requireMaker },
      }
      const rows = manifestRows(body, signer, counted)
      return importLines(importElements(rows, importing, caller.actor, vouching), counted)
    },

    'element.add': async ({ certificate: pem, product: id, device: deviceId }, { caller }) => {
      const product = await ledger.read('product', id)
      if (product === undefined) return notFound(id)
      const device = deviceId === undefined ? undefined : await ledger.read('device', deviceId)
      if (deviceId !== undefined && device === undefined) return notFound(deviceId)
      const read = readCertificates('certificate', pem)
      if ('kind' in read) return read
      const [own, ...above] = read
      if (own === undefined) return refuse('input-wrong', 'certificate: none is in it')
      const added = await addElement([own, ...above], product, device, caller.actor, vouching)
      return added.kind === 'refused' ? added : showElement(added.element)
    },

    'element.assign': async ({ product: id }, { body, caller }) => {
      const product = await ledger.read('product', id)
      if (product === undefined) return notFound(id)
      const counted = { bytes: 0 }
      const rows = assignmentRows(body, counted)
      return importLines(assignElements(rows, product, caller.actor, ports), counted)
    },

    'element.bind': async ({ element: id, device: deviceId }, call) => {
      const element = await ledger.read('element', id)
      if (element === undefined) return notFound(id)
      const device = await ledger.read('device', deviceId)
      if (device === undefined) return notFound(deviceId)
      const differs = checkVersion(element, call)
      if (differs !== undefined) return differs
      const bound = await bindElement(element, device, call.caller.actor, ports)
      return bound.kind === 'refused' ? bound : showElement(bound.element)
    },

    'element.list': async (asked) => {
      if (asked.uniqueId !== undefined) {
        const found = await ledger.find('element', 'uniqueId', [asked.uniqueId.toLowerCase()])
        const fits = found !== undefined && passes(found, asked)
        return { items: fits ? [showElement(found)] : [], next: null }
      }
      const { items, next } = await ledger.list('element', elementQuery(asked))
      return { items: items.map(showElement), next }
    },
  }
}

/** The most telling filter leads; what is left is tested row by row. */
function elementQuery(asked: InputOf<'element.list'>): ListQuery<'element'> {
  const { product, device, state } = asked
  const where = {
    ...(product !== undefined && { product }),
    ...(state !== undefined && { state }),
  }
  const rest = { where, ...pageOf(asked) }
  const byState = state === undefined ? [] : [state]
  if (device !== undefined) return { by: 'device', equal: [device, ...byState], ...rest }
  if (product !== undefined) return { by: 'product', equal: [product, ...byState], ...rest }
  return state === undefined ? rest : { by: 'state', equal: [state], ...rest }
}

function passes(element: Element, { product, device, state }: InputOf<'element.list'>): boolean {
  return (
    (product === undefined || element.product === product) &&
    (device === undefined || element.device === device) &&
    (state === undefined || element.state === state)
  )
}

function showElement({ inDevice: _, ...element }: Element): OutputOf<'element.bind'> {
  return {
    ...element,
    signerSha256: element.signerSha256?.toHex() ?? null,
    addedAt: element.addedAt.toString(),
    boundAt: element.boundAt?.toString() ?? null,
  }
}
