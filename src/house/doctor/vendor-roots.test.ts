// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importBundle } from '#core/vendors/import-bundle.ts'
import { parseVendorBundle, vendorBundleFormat } from '#format/admin/vendor-bundle.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { certifyAuthority, makeEntity } from '../../../test/made-certificates.ts'
import { operator, withCore } from '../../../test/support/core.ts'
import { checkVendorRoots } from './vendor-roots.ts'

test('an authority of a chip maker that ends soon or has ended is a warning with its name', () =>
  withCore(async (core) => {
    assert.equal((await checkVendorRoots(core)).found, 'none was imported')
    const root = await makeEntity('CN=Chip Root')
    const now = core.clock.now().round('second')
    const ends = now.add({ hours: 24 * 365 })
    const certificate = await certifyAuthority(root, root, [], undefined, {
      ...{ notBefore: now, notAfter: ends },
    })
    const document = {
      ...{ format: vendorBundleFormat, name: 'chips', version: 1, issued: now.toString() },
      entries: [
        {
          ...{ vendor: 'Chips', kind: 'tpm', source: 'https://example.com/roots' },
          roots: [encodePem('CERTIFICATE', certificate.der)],
        },
      ],
    }
    const bytes = new TextEncoder().encode(JSON.stringify(document))
    await importBundle(parseVendorBundle(bytes), sha256(bytes), operator, core)
    assert.equal((await checkVendorRoots(core)).verdict, 'good')
    core.clock.pass({ hours: 24 * 200 })
    const soon = await checkVendorRoots(core)
    assert.equal(soon.verdict, 'warning')
    assert.match(soon.found, /1 of 1 end soon, 0 have ended: CN=Chip Root of Chips/)
    core.clock.pass({ hours: 24 * 200 })
    assert.match((await checkVendorRoots(core)).found, /1 have ended/)
  }))
