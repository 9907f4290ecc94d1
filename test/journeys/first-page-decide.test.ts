// SPDX-License-Identifier: Apache-2.0
/** A person decides on requests in a browser: quiet section, what would be issued, yes and no. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { generateKey } from '#trust/private-key.ts'
import { openBrowser, openPage, skipBrowser } from '../support/browser.ts'
import {
  openTestHouse,
  postEst,
  requestBy,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { changeProfile, manual } from '../support/profiles.ts'

let browser: Browser
before(async () => {
  if (skipBrowser === false) browser = await openBrowser()
})
after(() => browser?.close())

test('what waits stands on the first page, and is approved and turned down by keyboard', {
  skip: skipBrowser,
  timeout: 90_000,
}, async () => {
  const house = await openTestHouse()
  const watched = await openPage(browser, new URL(house.claimLink!).origin, {
    viewport: { width: 900, height: 760 },
  })
  const { page } = watched
  try {
    const pump = await withProduct(house)
    await changeProfile(house.core, manual)
    const [first, second] = [await posting(house, pump, 'ONE'), await posting(house, pump, 'TWO')]
    assert.equal((await first()).status, 202)
    assert.equal((await second()).status, 202)
    await page.goto(house.claimLink!)
    await page.getByLabel('Your name').fill('Ada')
    await page.getByLabel('Passphrase', { exact: true }).fill('otter lamp gravel seven')
    await page.getByRole('button', { name: 'Take it' }).click()

    const section = page.getByRole('region', { name: /^Waiting for a decision: 2/ })
    await section.getByRole('link', { name: 'ONE' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('What would be issued').waitFor()
    await page.getByText('CN=ONE').first().waitFor()
    await page.getByRole('button', { name: 'Approve' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText(/^Waiting for a decision: 1/).waitFor()
    assert.equal((await first()).status, 200)

    await page.getByRole('link', { name: 'TWO' }).first().click()
    await page.getByRole('button', { name: 'Turn it down' }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'TWO: turn it down?' })
    await dialog.getByLabel('Why?').waitFor()
    await page.keyboard.press('Enter')
    assert.equal(await dialog.isVisible(), true, 'a no wants its words')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.keyboard.press('Enter')
    await dialog.getByLabel('Why?').fill('not one of ours')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
    assert.equal(await page.getByText(/^Waiting for a decision/).count(), 0)
    await page.goBack()
    await page.getByText('not one of ours').waitFor()
    await page.getByText('Ada,').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Approve' }).count(), 0)
    const answer = await second()
    assert.equal(answer.status, 403)
    assert.match(answer.body, /not one of ours/)
    await watched.close()
  } catch (error) {
    throw new AggregateError([error, ...house.troubles], 'the journey did not end well')
  } finally {
    await house.stop()
  }
  assert.deepEqual(house.troubles, [])
})

/** A device that asks with the same request each time. */
async function posting(
  house: TestHouse,
  pump: Awaited<ReturnType<typeof withProduct>>,
  serial: string,
) {
  const code = await withCode(house, await withDevice(house, pump, serial))
  const request = await requestBy(await generateKey('p-256'))
  return () => postEst(house, 'simpleenroll', request, { user: serial, code })
}
