// SPDX-License-Identifier: Apache-2.0
/** What stands wrong is on the first page, in plain words, and somebody says that they take care. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { clear, raise } from '#core/watch/alarm.ts'
import { openBrowser, openPage, skipBrowser } from '../support/browser.ts'
import { openTestHouse, withDevice, withProduct } from '../support/house.ts'

let browser: Browser
before(async () => {
  if (skipBrowser === false) browser = await openBrowser()
})
after(() => browser?.close())

const kind = 'renewals-missed'

test('an alarm stands on the first page with what to do, until its cause is gone', {
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
    await withDevice(house, pump, 'PUMP-1')
    const text = '3 of product <b>pump</b> should have renewed by now and did not'
    const finding = { kind, subject: pump.id, severity: 'warning', text, facts: {} } as const
    await raise(finding, house.core)
    await page.goto(house.claimLink!)
    await page.getByLabel('Your name').fill('Ada')
    await page.getByLabel('Passphrase', { exact: true }).fill('otter lamp gravel seven')
    await page.getByRole('button', { name: 'Take it' }).click()

    const section = page.getByRole('region', { name: 'Needs you: 1' })
    await section.getByText(text).waitFor()
    await section.getByText('vitalsign device list --missed').waitFor()
    await section.getByRole('button', { name: 'I take care of it' }).focus()
    await page.keyboard.press('Enter')
    await section.getByText('Taken care of since').waitFor()
    const { items } = await house.core.ledger.list('alarm', { limit: 1 })
    assert.notEqual(items[0]?.acknowledgedBy, null)

    await clear(kind, pump.id, house.core)
    await page.reload()
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
    assert.equal(await page.getByText(/^Needs you/).count(), 0)
    await watched.close()
  } catch (error) {
    throw new AggregateError([error, ...house.troubles], 'the journey did not end well')
  } finally {
    await house.stop()
  }
  assert.deepEqual(house.troubles, [])
})
