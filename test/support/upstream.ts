// SPDX-License-Identifier: Apache-2.0
/** Two houses, of which one signs for the other: the registration authority and its upstream. */
import assert from 'node:assert/strict'
import type { Product, Upstream } from '#core/ledger/tables.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { attributeTypes, keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { encodePrivateKey, generateKey, type KeyPair } from '#trust/private-key.ts'
import { certify, type Entity, makeEntity } from '../made-certificates.ts'
import {
  type Answer,
  type Credential,
  certificateIn,
  postEst,
  renewalBy,
  requestBy,
  rootPem,
  type TestHouse,
  withCode,
  withDevice,
} from './house.ts'
import { callApi } from './local-api.ts'
import { changeProfile } from './profiles.ts'

const because = 'RFC 0000: a test'

/** What proves a registration authority: a key with a certificate that says so. */
export interface RegistrationAuthority {
  readonly entity: Entity
  readonly certificatePem: string
  readonly keyPem: string
}

export async function registrationAuthority(name = 'CN=plant'): Promise<RegistrationAuthority> {
  const [authority, entity] = [await makeEntity('CN=registrars'), await makeEntity(name)]
  const now = Temporal.Now.instant().round('second')
  const { der } = await certify(entity, authority, {
    notBefore: now.subtract({ hours: 1 }),
    notAfter: now.add({ hours: 24 * 365 }),
    extensions: [encodeExtension('extKeyUsage', [keyPurposes.clientAuth, keyPurposes.cmcRA])],
  })
  return {
    entity,
    certificatePem: encodePem('CERTIFICATE', der),
    keyPem: encodePem('PRIVATE KEY', encodePrivateKey(entity.pair.privateKey)),
  }
}

/** Lets another installation ask the upstream for the devices of a product. */
export async function letAsk(
  house: TestHouse,
  product: Product,
  { certificatePem }: RegistrationAuthority,
  renews = true,
): Promise<void> {
  const { proofs } = readyProfiles.ldevid.admission
  await changeProfile(house.core, { admission: { proofs: [...proofs, 'registrar'], because } })
  const added = await callApi(house, 'POST', '/registrars', {
    ...{ name: 'plant', certificate: certificatePem, products: [product.id], renews },
  })
  assert.equal(added.status, 201, JSON.stringify(added.body))
}

/** Registers one house as the upstream of another. */
export async function addUpstreamHouse(
  house: TestHouse,
  upstream: TestHouse,
  { certificatePem, keyPem }: RegistrationAuthority,
  more: object = {},
): Promise<Upstream> {
  const { host, port } = upstream.addresses.devices
  const added = await callApi(house, 'POST', '/upstreams', {
    ...{ name: 'headquarters', protocol: 'est', address: `https://${host}:${port}` },
    ...{ roots: rootPem(upstream), certificate: certificatePem, key: keyPem },
    ...{ label: 'pump', repeatsMinutes: 15 },
    ...more,
  })
  assert.equal(added.status, 201, JSON.stringify(added.body))
  return (await house.core.ledger.read('upstream', added.body.id)) ?? assert.fail()
}

/** Has the working identities of a house signed by its upstream from now on. */
export function signElsewhere(house: TestHouse, mayDiffer?: readonly 'subject'[]): Promise<number> {
  const hosting = {
    ...{ upstream: 'headquarters', because },
    ...(mayDiffer && { mayDiffer: [...mayDiffer] }),
  }
  return changeProfile(house.core, { hosting })
}

/** A request that tells the serial, as a registration authority needs it to. */
export async function namedRequest(serial: string, key: KeyPair): Promise<Uint8Array> {
  const subject = encodeName([[{ type: attributeTypes.serialNumber, value: serial }]])
  return requestBy(key, { subject })
}

/** A device that both houses expect, with a code of the first. */
export async function expectBoth(
  [house, product]: readonly [TestHouse, Product],
  [upstream, theirs]: readonly [TestHouse, Product],
  serial: string,
): Promise<{ readonly serial: string; readonly code: string }> {
  const device = await withDevice(house, product, serial)
  await withDevice(upstream, theirs, serial)
  return { serial, code: await withCode(house, device) }
}

export interface Wish {
  readonly serial: string
  readonly code: string
  readonly key: KeyPair
  readonly request: Uint8Array
}

export async function wishOf(expected: { serial: string; code: string }): Promise<Wish> {
  const key = await generateKey('p-256')
  return { ...expected, key, request: await namedRequest(expected.serial, key) }
}

export function enrolBy(house: TestHouse, { serial, code, request }: Wish): Promise<Answer> {
  return postEst(house, 'simpleenroll', request, { label: 'pump', user: serial, code })
}

export async function renewBy(house: TestHouse, credential: Credential): Promise<Credential> {
  const key = await generateKey('p-256')
  const request = await renewalBy(key, credential.certificate)
  const answer = await postEst(house, 'simplereenroll', request, { label: 'pump', credential })
  return { key, certificate: certificateIn(answer) }
}
