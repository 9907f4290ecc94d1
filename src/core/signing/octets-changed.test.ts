// SPDX-License-Identifier: Apache-2.0
/** A store that gives the right octets once, and others when they are read again, has nothing signed in any form. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { type ArtefactFormName, artefactFormNames } from '#trust/artefact/form-names.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { artefactFor } from '../../../bench/tools/small-artefacts.ts'
import { addPump, openTestCore, operator, type TestCore } from '../../../test/support/core.ts'
import { attached, newRelease, stored } from '../../../test/support/releases.ts'
import type { Release } from '../ledger/tables.ts'
import { markApproved } from '../releases/mark.ts'
import type { OpenOctets } from '../releases/ports.ts'
import { signedArtefactsOf } from '../releases/publish.ts'
import { submitRelease } from '../releases/submit.ts'
import { type KeyWish, makeArtefactKey } from './make-key.ts'
import { type ReleaseSigningPorts, signRelease } from './sign-release.ts'
import { applyPlan } from './signing-plan.ts'

const forms = artefactForms(archiveTools())
let core: TestCore

before(async () => {
  core = await openTestCore()
})
after(() => core.close())

/** As a file server that somebody else has the power over: each octet is right when it is first read. */
function changing({ source, octets, close }: OpenOctets): OpenOctets {
  const seen = new Uint8Array(octets)
  const given = (at: number, part: Uint8Array) => {
    const isAgain = seen.subarray(at, at + part.length).some((octet) => octet === 1)
    seen.fill(1, at, at + part.length)
    return isAgain ? part.map((octet) => octet ^ 1) : part
  }
  const changed: ByteSource = {
    size: source.size,
    read: async (at, length) => given(at, (await source.read(at, length)).slice()),
  }
  return { octets, source: changed, close }
}

/** RSA takes a second to be made, and these forms know others; an outer manifest has two signers. */
const keysFor: Partial<Record<ArtefactFormName, readonly KeyAlgorithmName[]>> = {
  'uboot-fit': ['p-256'],
  'esp-secure-boot-v2': ['p-256'],
  'outer-manifest': ['p-256', 'ml-dsa-65'],
}

/** More than is taken into memory at once, where octets are read once anyhow. */
const image = Uint8Array.from({ length: 1_200_000 }, (_, index) => (index * 7) >> 3)

const any = { version: 'any' }
const told: Partial<Record<ArtefactFormName, Readonly<Record<string, unknown>>>> = {
  ...{ rauc: any, swupdate: any, mender: any, 'esp-secure-boot-v2': any },
  mcuboot: { version: '1.0.0', headerSize: 32, padHeader: true },
  suit: { vendor: 'example.com', class: 'pump', uri: 'https://example.com/image' },
}

async function approvedAs(form: ArtefactFormName): Promise<Release> {
  const pump = await addPump(core, `pump as ${form}`)
  for (const algorithm of keysFor[form] ?? [undefined]) {
    const wish: KeyWish = {
      ...{ product: pump, name: `key ${algorithm}`, forms: [form], algorithm, custody: 'file' },
      ...{ isNext: false, supportUntil: undefined, authority: undefined, because: undefined },
    }
    assert.equal((await makeArtefactKey(wish, operator, keyPorts(core))).kind, 'made')
  }
  const plan = [{ form, artefacts: ['*'], options: told[form] ?? {} }]
  const applied = await applyPlan(pump, plan, operator, { ...core, forms })
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  const octets = await artefactFor(form, image)
  const draft = await newRelease(core, pump)
  const sha256 = await stored(core, octets)
  const { release } = await attached(core, draft, { role: 'artefact', name: 'app.bin', sha256 })
  const submitted = await submitRelease(release, operator, core)
  if (submitted.kind === 'refused') return assert.fail(submitted.detail)
  await core.ledger.commit(markApproved(submitted.release, 2, operator, core))
  return (await core.ledger.read('release', release.id)) ?? assert.fail('the release is gone')
}

for (const form of artefactFormNames) {
  if (forms[form] === undefined) continue
  test(`octets that are others when they are read again are not signed as ${form}`, async () => {
    const release = await approvedAs(form)
    let opened = 0
    const artefacts: ReleaseSigningPorts['artefacts'] = Object.assign(
      Object.create(core.artefacts),
      {
        open: async (sha256: Uint8Array) => {
          const open = await core.artefacts.open(sha256)
          opened++
          return open && changing(open)
        },
      },
    )
    const judged = { judge: async () => undefined, refuseDisputed: async () => undefined }
    const ports = { ...core, forms, ...judged, artefacts }
    const done = await signRelease(release, undefined, operator, ports)
    assert.ok(done.kind === 'refused' && opened > 0)
    assert.equal(done.reason, 'artefact-digest-differs', done.detail)
    assert.match(done.detail, /a moment ago.*nothing was signed/)
    assert.deepEqual(await signedArtefactsOf(release.id, core.ledger), [])
  })
}
