// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { parseUniqueId } from '#format/element-manifest/signed-element.ts'
import { FormatError } from '#format/format-error.ts'
import { attributeTypes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { attributeOf } from '#format/x509/name.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { settle } from '../ledger/settle.ts'
import type { Device, Element, Product } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { binding } from './bind-element.ts'
import { elementInDevice, refuseBinding } from './find-element.ts'
import type { VouchingPorts } from './ports.ts'
import { recordsOf } from './records.ts'
import { vouchForElement } from './vouch.ts'

export type ElementAdded = { readonly kind: 'added'; readonly element: Element } | Refused

/**
 * Makes an element known by the certificate that its maker gave it: the chain has to lead to a maker's root that was
 * imported, and its identifier is the certificate's.
 *
 * @param device the device that it is in, if that is known
 */
export async function addElement(
  chain: readonly [Certificate, ...Certificate[]],
  product: Product,
  device: Device | undefined,
  actor: Actor,
  ports: VouchingPorts,
): Promise<ElementAdded> {
  const [certificate] = chain
  const vouched = await vouchForElement(chain, ports)
  if (vouched.kind === 'refused') return vouched
  const uniqueId = uniqueIdOf(certificate)
  if (typeof uniqueId !== 'string') return uniqueId
  const { publicKey, root } = vouched
  const { element, puts, events } = recordsOf(
    {
      ...{ uniqueId, product: product.id, source: 'certificate' },
      ...{ model: root.vendor.slice(0, 64), partNumber: '', signerSha256: null },
      vendorRoot: root.id,
      evidence: concatBytes(chain.map(({ der }) => der)),
      keys: [{ slot: '0', publicKey, certificate, vouched: true }],
    },
    actor,
    ports,
  )
  const added: AuditEvent = {
    ...{ type: 'element-added', at: element.addedAt, actor, subjects: [element.id, product.id] },
    facts: { uniqueId, vendor: root.vendor, root: root.id },
  }
  if (device === undefined) {
    const refused = await settle({ puts, events: [added, ...events] }, ports.ledger)
    return refused ?? { kind: 'added', element }
  }
  const unfit = refuseBinding(element, device)
  if (unfit !== undefined) return unfit
  const before = await elementInDevice(device.id, ports.ledger)
  const bind = binding({ ...element, version: 0 }, device, before, actor, ports)
  const others = puts.filter(({ kind }) => kind !== 'element')
  const change = { puts: [...bind.puts, ...others], events: [added, ...events, bind.event] }
  const refused = await settle(change, ports.ledger)
  return refused ?? { kind: 'added', element: bind.bound }
}

/**
 * How an element calls itself in its certificate: the subject's serialNumber (IEEE 802.1AR), else the nine octets with
 * which the common name begins, as Microchip writes it (`sn0123…` or `0123… ATECC`), else the whole common name.
 */
export function uniqueIdOf({ subject }: Certificate): string | Refused {
  const serial = attributeOf(subject, attributeTypes.serialNumber)
  const common = attributeOf(subject, attributeTypes.commonName)
  const named = serial ?? /^(?:sn)?([0-9A-Fa-f]{18})(?: |$)/.exec(common ?? '')?.[1] ?? common
  try {
    return parseUniqueId(named?.replaceAll(' ', '-'))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse(
      'element-malformed',
      "the element's certificate names no identifier: neither serialNumber nor common name is one",
    )
  }
}
