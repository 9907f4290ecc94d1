// SPDX-License-Identifier: Apache-2.0
/** The first hour and the days after it, in a browser, against a whole house. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { addDevice } from '#core/devices/add.ts'
import { invite } from '#core/people/invitation.ts'
import { generateKey } from '#trust/private-key.ts'
import { openBrowser, openPage, skipBrowser } from '../support/browser.ts'
import {
  ask,
  certificateIn,
  enrolled,
  openTestHouse,
  postEst,
  requestBy,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'

const passphrase = 'otter lamp gravel seven'
const hostile = '<img src=x onerror=alert(1)>'

let browser: Browser
before(async () => {
  if (skipBrowser === false) browser = await openBrowser()
})
after(() => browser?.close())

/** A journey in a browser through a fresh house. */
function journey(
  name: string,
  walk: (house: TestHouse, page: Page, origin: string) => Promise<void>,
  options: { readonly width?: number } = {},
) {
  test(name, { skip: skipBrowser, timeout: 90_000 }, async () => {
    const house = await openTestHouse()
    const origin = new URL(house.claimLink!).origin
    const viewport = { width: options.width ?? 900, height: 760 }
    const watched = await openPage(browser, origin, { viewport })
    try {
      await walk(house, watched.page, origin)
      await watched.close()
    } catch (error) {
      const all = [error, ...house.troubles]
      throw new AggregateError(all, `the journey did not end well: ${all.join('; ')}`)
    } finally {
      await house.stop()
    }
    assert.deepEqual(house.troubles, [])
  })
}

async function claim(house: TestHouse, page: Page): Promise<void> {
  await page.goto(house.claimLink!)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByRole('button', { name: 'Take it' }).click()
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}

async function addProductAndDevice(page: Page, product: string, serial: string): Promise<void> {
  await page.getByLabel('Maker').fill('Acme')
  await page.getByLabel('Product').fill(product)
  await page.getByRole('button', { name: 'Add the product' }).click()
  await page.getByLabel('Serial').fill(serial)
  await page.getByRole('button', { name: 'Expect it' }).click()
}

/** The lines that the page shows for a client. */
async function linesOf(page: Page, client: string): Promise<string> {
  const details = page.locator('details', { hasText: client })
  if ((await details.getAttribute('open')) === null) await details.locator('summary').click()
  return (await details.locator('pre').textContent()) ?? ''
}

function codeIn(lines: string): string {
  const code = /<<'END'\n([0-9A-Z-]{29})\nEND$/.exec(lines)?.[1]
  assert.ok(code, 'the code stands alone in the lines, as standard input')
  return code
}

async function focused(page: Page, what: string): Promise<unknown> {
  return page.evaluate(`document.activeElement.${what}`)
}

/** Nothing stands beside the window's edge. */
async function fits(page: Page): Promise<void> {
  const widths = 'document.documentElement.scrollWidth - innerWidth'
  assert.equal(await page.evaluate(widths), 0, page.url())
}

journey('the first hour goes by keyboard alone, until the device is here', async (house, page) => {
  await page.goto(house.claimLink!)
  await page.getByLabel('Your name').waitFor()
  assert.ok(!page.url().includes('claim='), 'the token has left the address')
  assert.equal(await focused(page, 'name'), 'name')
  await page.keyboard.type('Ada')
  await page.keyboard.press('Tab')
  await page.keyboard.type('password1234')
  await page.keyboard.press('Enter')
  await page.getByText('common words or keyboard rows').waitFor()
  assert.equal(await focused(page, 'name'), 'passphrase')
  assert.equal(await focused(page, 'ariaInvalid'), 'true')
  await page.keyboard.press('Control+A')
  await page.keyboard.type(passphrase)
  await page.keyboard.press('Enter')

  await page.getByText('Your first product').waitFor()
  assert.equal(await focused(page, 'name'), 'maker')
  await page.keyboard.type('Acme')
  await page.keyboard.press('Tab')
  await page.keyboard.type('Infusion pump A')
  await page.keyboard.press('Enter')

  await page.getByText('Your first device').waitFor()
  assert.equal(await focused(page, 'name'), 'product')
  await page.keyboard.press('Tab')
  assert.equal(await focused(page, 'value'), 'PUMP-0001')
  await page.keyboard.press('Enter')

  await page.getByText('Waiting for PUMP-0001').waitFor()
  assert.equal(await focused(page, 'tagName'), 'H1')
  assert.match(await page.title(), /^Waiting for PUMP-0001/)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('Copied', { exact: true }).waitFor()
  const copied = String(await page.evaluate('navigator.clipboard.readText()'))
  const { host, port } = house.addresses.devices
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')!.certificateSha256.toHex()
  for (const part of [
    `--server https://${host}:${port} `,
    '--serial PUMP-0001 ',
    `--root ${root} `,
  ])
    assert.ok(copied.includes(part), `${part} is in ${copied}`)

  const key = await generateKey('p-256')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), {
    ...{ user: 'PUMP-0001', code: codeIn(copied) },
  })
  await page.getByText('PUMP-0001 is here').waitFor()
  assert.equal(await focused(page, 'tagName'), 'H1', 'the focus did not fall with the lines')
  await page.getByText('Its working identity is good until').waitFor()
  assert.ok(await page.locator('.waiting time').getAttribute('datetime'))
  assert.equal(await page.getByText(codeIn(copied)).count(), 0, 'a spent code is not shown')
  const credential = { key, certificate: certificateIn(answer) }
  await ask(house, 'GET', '/whoami', { credential })
  await page.getByText('active: uses its identity').waitFor()

  // What happened is shown once it stands in the log, within a second.
  await house.sequence()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('device activated').waitFor()
  assert.equal(await focused(page, 'textContent'), 'PUMP-0001')
})

for (const [client, serial] of [
  ['openssl and curl', 'PUMP-7'],
  ['vitalsign-device', "it's(1)+/7"],
] as const) {
  journey(`the lines for ${client} bring the device here when pasted`, async (house, page) => {
    await claim(house, page)
    await addProductAndDevice(page, 'Pump', serial)
    await page.getByText(`Waiting for ${serial}`).waitFor()
    const lines = await linesOf(page, client)
    const directory = temporaryDirectory()
    for (const path of ['clients/sh/vitalsign-enrol.sh', 'bin/vitalsign-device']) {
      mkdirSync(join(directory, path, '..'), { recursive: true })
      symlinkSync(resolve(path), join(directory, path))
    }
    const terminal = promisify(execFile)('sh', ['-s'], { cwd: directory })
    terminal.child.stdin?.end(`${lines}\n`)
    await terminal
    await page.getByText(`${serial} is here`).waitFor()
    await page.getByText('active: uses its identity').waitFor()
  })
}

journey('who waits hears of it even if the server started anew in between', async (house, page) => {
  await claim(house, page)
  await addProductAndDevice(page, 'Pump', 'PUMP-1')
  await page.getByText('Waiting for PUMP-1').waitFor()
  const code = codeIn(await linesOf(page, 'openssl and curl'))
  await house.stop()
  await page.getByText('The line to the server is cut').waitFor()
  const { host, port } = house.addresses.operators
  const words = ['--operator-listen', `${host}:${port}`]
  const again = await openTestHouse(house.directory, {}, words)
  try {
    const request = await requestBy(await generateKey('p-256'))
    await postEst(again, 'simpleenroll', request, { user: 'PUMP-1', code })
    await page.getByText('PUMP-1 is here').waitFor()
  } finally {
    await again.stop()
  }
})

journey('names and serials from outside stay text', async (house, page, origin) => {
  await claim(house, page)
  await addProductAndDevice(page, hostile, hostile)
  await page.getByText("a serial holds letters, digits and ' ( ) + , - . / : = ? only").waitFor()
  assert.equal(await focused(page, 'name'), 'serial')
  const serial = "'(reboot)'/:x"
  await page.getByLabel('Serial').fill(serial)
  await page.getByRole('button', { name: 'Expect it' }).click()
  await page.getByText(`Waiting for ${serial}`).waitFor()
  assert.equal(await page.getByText('This client does not take such a serial.').count(), 2)
  await page.goto(`${origin}/#/`)
  await page.locator('tbody').getByText(hostile).waitFor()
  await page.goto(`${origin}/#/log`)
  await page.getByText(`name ${hostile}`).waitFor()
  const device = (await house.core.ledger.list('device', { limit: 1 })).items[0]!
  await page.goto(`${origin}/#/device/${device.id}`)
  await page.getByRole('heading', { name: serial }).waitFor()
  assert.equal(await page.locator('main img').count(), 0)
})

journey('a person signs in and out, and what is refused says what to do', async (house, page) => {
  await claim(house, page)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Passphrase', { exact: true }).fill('not this one at all')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('Name and passphrase do not belong together').waitFor()
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Your first product').waitFor()
  // A claim link works once.
  await page.goto(house.claimLink!)
  await page.getByLabel('Your name').fill('Eve')
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByRole('button', { name: 'Take it' }).click()
  await page.getByRole('alert').getByText('has an administrator').waitFor()
})

journey('an invited person joins, and sees only what the role may', async (house, page, origin) => {
  const product = await withProduct(house)
  await enrolled(house, product, 'PUMP-1')
  const asked = { name: 'Grace', role: 'auditor' } as const
  const invited = await invite(asked, { kind: 'person', id: 'test' }, house.core)
  assert.ok(invited.kind === 'invited')
  await page.goto(`${origin}/#join=${invited.link.token}`)
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByRole('button', { name: 'Join' }).click()
  await page.getByRole('link', { name: 'PUMP-1' }).click()
  await page.getByRole('heading', { name: 'PUMP-1' }).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Retire it' }).count(), 0)
  await page.getByRole('link', { name: 'Devices', exact: true }).click()
  await page.getByText('TRIAL').waitFor()
  assert.equal(await page.getByRole('link', { name: 'Add a device' }).count(), 0)
})

journey('a session that ended is taken up again where it was', async (house, page, origin) => {
  const { device } = await enrolled(house, await withProduct(house), 'PUMP-1')
  await claim(house, page)
  const signInAgain = async () => {
    await page.getByText('Your session has ended').waitFor()
    await page.getByLabel('Your name').fill('Ada')
    await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'PUMP-1' }).waitFor()
  }
  await page.context().clearCookies()
  await page.goto(`${origin}/#/device/${device.id}`)
  await signInAgain()
  await page.context().clearCookies()
  await page.getByRole('button', { name: 'Retire it' }).click()
  await page.getByLabel('Why?').fill('scrapped')
  await page.keyboard.press('Enter')
  await signInAgain()
  await page.getByText('provisioned: has its identity').waitFor()
})

journey(
  'a device is let in again with a new code, and retired for a reason',
  async (house, page) => {
    await enrolled(house, await withProduct(house), 'PUMP-1')
    await claim(house, page)
    await page.getByRole('link', { name: 'PUMP-1' }).click()
    await page.getByRole('button', { name: 'Let it enrol again' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Why?').fill('x')
    await dialog.getByRole('button', { name: 'Let it enrol again' }).click()
    await dialog.getByText('at least 3 characters').waitFor()
    await dialog.getByLabel('Why?').fill('it lost its key')
    await dialog.getByRole('button', { name: 'Let it enrol again' }).click()
    await page.getByRole('button', { name: 'New enrolment code' }).click()
    // It was here before: what is awaited is its next identity.
    await page.getByText('Waiting for PUMP-1').waitFor()
    const code = codeIn(await linesOf(page, 'openssl and curl'))
    const request = await requestBy(await generateKey('p-256'))
    await postEst(house, 'simpleenroll', request, { user: 'PUMP-1', code })
    await page.getByText('PUMP-1 is here').waitFor()
    await page.getByRole('link', { name: 'Look at PUMP-1' }).click()
    await page.getByRole('button', { name: 'Retire it' }).click()
    await page.keyboard.press('Escape')
    assert.equal(await focused(page, 'textContent'), 'Retire it')
    await page.keyboard.press('Enter')
    await dialog.getByLabel('Why?').fill('scrapped')
    await page.keyboard.press('Enter')
    await page.getByText('retired: out of service for ever').waitFor()
    await house.sequence()
    await page.reload()
    await page.getByText('device re enrolment allowed').waitFor()
    await page.getByText('reason it lost its key').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Retire it' }).count(), 0)
  },
)

journey(
  'lists are read on page by page, filtered, and fit a window of 320 pixels',
  async (house, page, origin) => {
    const product = await withProduct(house)
    const { device } = await enrolled(house, product, 'PUMP-IN-USE')
    const particulars = { hardwareRevision: null, lot: null, udiDi: null }
    for (let number = 1; number <= 60; number++) {
      const serial = `MONITOR-${String(number).padStart(4, '0')}`
      await addDevice(
        { serial, ...particulars },
        product,
        { kind: 'person', id: 'test' },
        house.core,
      )
    }
    await claim(house, page)
    await page.getByText('TRIAL').waitFor()
    const rows = page.locator('tbody tr')
    await rows.nth(49).waitFor()
    await fits(page)
    await page.getByRole('button', { name: 'Show more' }).click()
    await rows.nth(60).waitFor()
    assert.equal(await rows.count(), 61)
    await page.getByLabel('State').selectOption('provisioned')
    await page.getByText('MONITOR-0001').waitFor({ state: 'detached' })
    assert.equal(await rows.count(), 1)
    await page.getByLabel('State').selectOption('')
    await page.getByLabel('Serial begins with').fill('MONITOR-003')
    await page.keyboard.press('Enter')
    await page.getByText('PUMP-IN-USE').waitFor({ state: 'detached' })
    assert.equal(await rows.count(), 10)
    await page.goto(`${origin}/#/device/${device.id}`)
    await page.getByRole('heading', { name: 'PUMP-IN-USE' }).waitFor()
    await fits(page)
    await page.getByRole('link', { name: 'Certificates' }).click()
    await page.getByLabel('Within').selectOption('365')
    await page.getByRole('link', { name: 'PUMP-IN-USE' }).waitFor()
    await fits(page)
    await page.getByRole('link', { name: 'Log' }).click()
    await page.getByRole('button', { name: 'Verify the log' }).click()
    await page.getByText('are whole and match what is kept').waitFor()
    await fits(page)
    await page.goto(`${origin}/#/add`)
    await page.getByLabel('Serial').fill('NEW-1')
    await page.getByRole('button', { name: 'Expect it' }).click()
    await page.getByText('Waiting for NEW-1').waitFor()
    await fits(page)
  },
  { width: 320 },
)
