// SPDX-License-Identifier: Apache-2.0
/** A Mosquitto whose sessions a house ends: its own certificates, the files of the integration, and its record. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { issueServer, makeRoot, pemOf } from '../journeys/support/est-authority.ts'
import { rootPem, type TestHouse } from './house.ts'
import { askLocal } from './local-door.ts'
import { type Mosquitto, type MosquittoOptions, startMosquitto } from './mosquitto.ts'

export interface JoinedMosquitto {
  readonly broker: Mosquitto
  /** What a device sends beside its certificate, and the roots by which it knows the broker, PEM. */
  readonly trust: { readonly chain: string; readonly roots: string }
  /** The broker's own certificate and key. */
  readonly own: { readonly cert: string; readonly key: string }
  /** Its common name, and so its user name, is "test server". */
  readonly administrator: { readonly cert: string; readonly key: string }
}

/** Starts one, and adds it as integration `floor-2`. */
export async function joinMosquitto(
  house: TestHouse,
  more: Partial<MosquittoOptions> = {},
): Promise<JoinedMosquitto> {
  const now = Temporal.Now.instant()
  const span = { notBefore: now.subtract({ hours: 1 }), notAfter: now.add({ hours: 24 }) }
  const root = await makeRoot('broker root')
  const own = await issueServer(root, span)
  const administrator = await issueServer(root, span, ['vitalsign'], keyPurposes.clientAuth)
  const roots = pemOf([root.certificate])
  const chain = house.core.doors.own
    .filter(({ kind }) => kind === 'issuing')
    .map(({ certificate }) => encodePem('CERTIFICATE', certificate))
    .join('')
  const isSubject = more.identity === 'subject'
  const broker = await startMosquitto({
    ...{ anchors: rootPem(house) + chain + roots, certificate: own.cert, key: own.key },
    administrators: [isSubject ? 'CN=test server' : 'test server'],
    ...more,
  })
  const files = join(house.directory, 'integrations')
  mkdirSync(files)
  for (const [name, text] of [
    ['admin.pem', administrator.cert],
    ['admin.key', administrator.key],
    ['roots.pem', roots],
  ] as const)
    writeFileSync(join(files, name), text, { mode: 0o600 })
  const added = await askLocal(house, 'POST', '/integrations', {
    ...{ name: 'floor-2', kind: 'mosquitto', address: broker.url },
    ...{ certificateFile: 'admin.pem', keyFile: 'admin.key', rootsFile: 'roots.pem' },
    ...(isSubject && { identity: 'subject' }),
  })
  assert.equal(added.status, 201, JSON.stringify(added.document))
  return { broker, trust: { chain, roots }, own, administrator }
}
