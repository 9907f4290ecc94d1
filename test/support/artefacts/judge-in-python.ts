// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { ArtefactSigner } from '#trust/artefact/form.ts'

/** Debian's own, whatever else is on the path: its packages are what the readers import. */
export const python = '/usr/bin/python3'

/** What a reader of test/interop says of images to somebody who knows these keys; all in one process. */
export function judgeInPython(
  reader: string,
  signers: readonly ArtefactSigner[],
  images: readonly Uint8Array[],
): readonly string[] {
  const input = JSON.stringify({
    keys: signers.map(({ publicKey }) => publicKey.spki.toBase64()),
    images: images.map((image) => image.toBase64()),
  })
  const ran = spawnSync(python, [`test/interop/${reader}`], { input, encoding: 'utf8' })
  assert.equal(ran.status, 0, ran.stderr)
  const answers: unknown = JSON.parse(ran.stdout)
  assert.ok(Array.isArray(answers) && answers.length === images.length)
  return answers.map(String)
}
