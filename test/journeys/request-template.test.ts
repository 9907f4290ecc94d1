// SPDX-License-Identifier: Apache-2.0
/** A device that knows nothing but its serial asks what its request should hold, and gets its certificate. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { parseCsrAttributes, templateOf } from '#format/est/csr-attributes.ts'
import { requestFromTemplate } from '#format/est/request-from-template.ts'
import { attributeTypes } from '#format/oids.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { findKeyAlgorithm } from '#trust/algorithms.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  ask,
  certificateIn,
  openTestHouse,
  postEst,
  requestBy,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'

let house: TestHouse
let pump: Product
before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

for (const label of ['pump', 'pump-birth'])
  test(`a request after the template of entrance ${label} becomes a certificate with its names and usages`, async () => {
    const serial = `${label}-1`.toUpperCase()
    const code = await withCode(house, await withDevice(house, pump, serial))
    const told = await ask(house, 'GET', `/.well-known/est/${label}/csrattrs`)
    const template = templateOf(parseCsrAttributes(Uint8Array.fromBase64(told.body)))
    assert.ok(template?.key)
    const facts = {
      attributes: { [attributeTypes.commonName]: serial, [attributeTypes.serialNumber]: serial },
      extensions: {},
    }
    const filled = requestFromTemplate(template, facts)
    assert.ok(filled.kind === 'filled')
    const { subject, extensions = [] } = filled.info
    const key = await generateKey(findKeyAlgorithm(template.key.algorithm)?.name ?? assert.fail())
    const request = await requestBy(key, { subject, extensions })
    const call = { label, user: serial, code }
    const certificate = parseCertificate(
      certificateIn(await postEst(house, 'simpleenroll', request, call)),
    )
    assert.equal(formatName(certificate.subject), formatName(subject))
    assert.ok(extensions.length > 0)
    for (const extension of extensions)
      assert.deepEqual(
        certificate.extensions.find(({ oid }) => oid === extension.oid),
        extension,
      )
  })
