// SPDX-License-Identifier: Apache-2.0
import { attributeTypes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { attributeOf, formatName } from '#format/x509/name.ts'
import { refuse } from '../refusal.ts'
import { isOfHost } from './host-name.ts'
import type { PeerRefused } from './refusal.ts'

type AttributeName = keyof typeof attributeTypes

/** In which attribute of the subject a fact stands; undefined: certificates do not say it. */
export interface FactPlaces {
  readonly serial: AttributeName
  readonly product: AttributeName
  readonly lot: AttributeName | undefined
}

/** As the ready profiles of Vitalsign draw subjects. */
export const usualPlaces: FactPlaces = {
  serial: 'serialNumber',
  product: 'organizationalUnitName',
  lot: undefined,
}

/** What a believed certificate says of its holder. */
export interface PeerFacts {
  readonly subject: string
  readonly serial: string | undefined
  readonly product: string | undefined
  readonly lot: string | undefined
}

export function factsOf({ subject }: Certificate, places: FactPlaces): PeerFacts {
  const at = (name: AttributeName | undefined) =>
    name === undefined ? undefined : attributeOf(subject, attributeTypes[name])
  return {
    subject: formatName(subject),
    serial: at(places.serial),
    product: at(places.product),
    lot: at(places.lot),
  }
}

/** Whom an application expects; what is absent is not looked at. */
export interface WantedPeer {
  readonly serial?: string
  readonly product?: string
  readonly lot?: string
  /** Of a server: the name or address under which it was reached. */
  readonly host?: string
}

/** A valid certificate says who somebody is, never that he may: that is decided here. */
export function checkPeer(
  { serial, product, lot, host }: WantedPeer,
  facts: PeerFacts,
  certificate: Certificate,
): PeerRefused | undefined {
  for (const [what, wanted, is] of [
    ['product', product, facts.product],
    ['lot', lot, facts.lot],
    ['serial', serial, facts.serial],
  ] as const)
    if (wanted !== undefined && is !== wanted)
      return refuse('identity-differs', `its ${what} is ${is ?? 'not said'}, ${wanted} is wanted`)
  return host === undefined || isOfHost(certificate, host)
    ? undefined
    : refuse('identity-differs', `none of its names is ${host}`)
}
