// SPDX-License-Identifier: Apache-2.0
/** The lines of docs/guides/back-up-and-restore.md, pasted one after the other beside a running server. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { isRecipient } from '#edge/backup/age.ts'
import { openTestHouse, temporaryDirectory, withProduct } from '../support/house.ts'

const root = resolve(import.meta.dirname, '..', '..')
const guide = readFileSync(join(root, 'docs/guides/back-up-and-restore.md'), 'utf8')

test('the lines of the guide make a backup, try it and restore it', async () => {
  const place = temporaryDirectory()
  const house = await openTestHouse(join(place, 'data'))
  await withProduct(house)
  try {
    for (const line of pastedLines()) {
      const ran = await run(place, line)
      assert.equal(ran.status, 0, `${line}\n${ran.said}`)
      if (line.includes('new-key')) {
        const recipient = ran.said.split('\n')[0] ?? ''
        assert.ok(isRecipient(recipient), ran.said)
        writeFileSync(join(place, 'recipients'), `Ada   ${recipient}\n`)
      }
    }
  } finally {
    await house.stop()
  }
  assert.equal(readdirSync(join(place, 'drills')).length, 3)
  const data = join(place, 'restored')
  assert.ok(!existsSync(join(data, 'unlock')))
  copyFileSync(join(place, 'data', 'unlock'), join(data, 'unlock'))
  const restored = await openTestHouse(data)
  assert.ok(await restored.core.ledger.find('product', 'name', ['pump']))
  await restored.stop()
  const again = await run(place, pastedLines().at(-1) ?? '')
  assert.equal(again.status, 1, again.said)
  assert.match(again.said, /is not empty/)
  const wrong = await run(place, 'bin/vitalsign backup check recovery.key --identity recovery.key')
  assert.equal(wrong.status, 1, wrong.said)
  assert.match(wrong.said, /not encrypted with age/)
})

/** Of the sh blocks; what stands in plain blocks names places that only a person knows. */
function pastedLines(): readonly string[] {
  return [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line !== ''),
  )
}

async function run(place: string, line: string) {
  const words = line.replace(/^bin\/vitalsign /, '').split(/\s+/)
  const child = spawn(process.execPath, [join(root, 'bin/vitalsign.ts'), ...words], { cwd: place })
  const [out, err] = [text(child.stdout), text(child.stderr)]
  const [status] = await once(child, 'exit')
  return { status, said: `${await out}${await err}` }
}
