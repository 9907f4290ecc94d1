// SPDX-License-Identifier: Apache-2.0
/** The machine that builds: a key that it made itself, by which the server knows it. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodePem } from '#format/pem.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { certifyApprover } from '#trust/approval/approver-certificate.ts'
import { encodePrivateKey, generateKey, sign } from '#trust/private-key.ts'
import { askJson } from './programs.ts'
import type { Scene } from './scene.ts'

type Json = Readonly<Record<string, unknown>>

/** Says a command from elsewhere, over TLS. */
export type Machine = (words: readonly string[], status?: number) => Promise<Json>

/**
 * Makes its key and a certificate over it, and has the machine let in.
 *
 * @param server the devices' address, where machines come in, too
 * @param root the file of the root that vouches for it
 */
export async function letIn(
  scene: Scene,
  name: string,
  { server, root }: { readonly server: string; readonly root: string },
): Promise<Machine> {
  const { publicKey, privateKey } = await generateKey('p-256')
  const algorithm = signatureAlgorithmFor('p-256')
  const serialNumber = Uint8Array.from(randomBytes(16))
  serialNumber[0] = 1
  const signer = {
    ...{ publicKey, algorithm: algorithm.name },
    sign: (bytes: Uint8Array) => sign(privateKey, algorithm, bytes),
  }
  const der = await certifyApprover(name, signer, serialNumber, Temporal.Now.instant())
  const [certificate, key] = [`${name}.pem`, `${name}.key`].map((one) => join(scene.directory, one))
  if (certificate === undefined || key === undefined) throw new TypeError('two names are two paths')
  writeFileSync(certificate, encodePem('CERTIFICATE', der))
  writeFileSync(key, encodePem('PRIVATE KEY', encodePrivateKey(privateKey)), { mode: 0o600 })
  await scene.operator(['machine', 'add', name, '--role', 'operator', '--certificate', certificate])
  const place = ['--server', server, '--ca', root, '--cert', certificate, '--key', key]
  return (words, status = 0) => askJson('vitalsign', [...words, ...place], { status })
}
