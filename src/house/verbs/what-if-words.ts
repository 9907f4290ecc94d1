// SPDX-License-Identifier: Apache-2.0
/** What people read of a what-if: what a device would see, and what to do before. */
import { breaksSomething, type WhatIf } from '#core/watch/what-if.ts'
import { shellWord } from '#format/admin/shell-word.ts'

/** What a device would see of it, in sentences. */
export function devicesSee(found: WhatIf): readonly string[] {
  const { products, entrances, authority, ending, signers } = found
  const sum = (of: 'devices' | 'withoutAnchor' | 'births' | 'expected') =>
    products.reduce((total, product) => total + product[of], 0)
  const endsRoot = ending.some(({ parent }) => parent === null)
  return [
    ...(sum('withoutAnchor') > 0
      ? [
          'A device that holds no other root ends its TLS connection to this server: certificate-not-trusted. It does not come back by itself; somebody has to enrol it again.',
        ]
      : []),
    ...(sum('devices') > 0
      ? [
          `A device under ${authority.name} is refused by whoever checks its chain, once the last revocation list has run out; here it is still known by its exact certificate and can renew.`,
        ]
      : []),
    ...(sum('births') > 0
      ? ['A birth identity under it is accepted here as before, and nowhere else.']
      : []),
    ...(entrances.length > 0
      ? ['At a door that is shut a device hears issuing-stopped (503).']
      : []),
    ...(signers.length > 0
      ? [
          `What is signed by ${signers.map(({ key }) => key.name).join(', ')} is refused by bootloaders and update programs that look at the end of certificates or at revocation lists, and from then on nothing new is signed under it.`,
        ]
      : []),
    ...(endsRoot && sum('expected') > 0
      ? [
          'A device that is expected and was told the fingerprint of this root finds no such root: root-differs.',
        ]
      : []),
  ]
}

/** What to do before, the first thing first. */
export function stepsBefore(found: WhatIf, profiles: readonly string[] = []): readonly string[] {
  const { authority, products, entrances, holders, signers } = found
  const { name, kind, successor } = authority
  const isRoot = kind === 'root'
  const waits = products.some(({ withoutAnchor }) => withoutAnchor > 0)
  const hangs = products.filter(({ devices }) => devices > 0)
  const servers = holders.filter(({ kind: of }) => of === 'server')
  const helpers = holders.filter(({ kind: of }) => of !== 'server')
  return [
    // First of all: a successor of an issuing authority stands under the newest root that there is.
    ...(isRoot && successor === null && breaksSomething(found)
      ? [
          `make the root that follows it: vitalsign authority new-root NAME --after ${shellWord(name)}`,
        ]
      : []),
    ...(entrances.length > 0 || servers.length > 0
      ? found.ending
          .filter((one) => one.kind === 'issuing' && one.state === 'active')
          .map(
            (one) =>
              `move its doors, and the server: vitalsign authority succeed ${shellWord(one.name)}`,
          )
      : []),
    ...hangs.map(
      ({ product }) =>
        `have its devices renew: vitalsign renewal order --product ${shellWord(product.name)} --because TEXT`,
    ),
    ...(waits && (successor !== null || !isRoot)
      ? ['wait until devices fetched the new roots: vitalsign anchor list']
      : []),
    ...helpers.map(
      ({ kind: of, name: who }) =>
        `give ${of} ${shellWord(who)} a certificate of another authority`,
    ),
    ...signers.flatMap(({ key, product, published }) => [
      ...(key.state === 'retired'
        ? []
        : [
            `make a signing key that follows ${shellWord(key.name)}, under another authority: vitalsign signing-key make ${shellWord(product.name)} --name NAME --for ${key.forms.join(',')} --next, then vitalsign rotation begin ${shellWord(product.name)} --from ${key.id} --to KEY --because TEXT`,
          ]),
      ...(published.length > 0
        ? [
            `publish anew, signed by a key that goes on: ${published.map(({ release }) => release.firmwareVersion).join(', ')} of ${shellWord(product.name)}`,
          ]
        : []),
    ]),
    ...profiles.map(
      (profile) =>
        `have profile ${shellWord(profile)} signed by somebody else, or here: vitalsign profile apply FILE`,
    ),
    'make a backup: vitalsign backup make FILE',
  ]
}
