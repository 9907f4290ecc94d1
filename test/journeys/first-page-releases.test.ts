// SPDX-License-Identifier: Apache-2.0
/** Releases, signing keys, weak keys and scans in a browser of 320 pixels, by keyboard alone, over one house. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Locator, Page } from 'playwright-core'
import { commandNamed, whole } from '#cli/commands/commands.ts'
import { readLine } from '#cli/commands/read-line.ts'
import { invite } from '#core/people/invitation.ts'
import { raise } from '#core/watch/alarm.ts'
import { type OutputOf, operations } from '#format/admin/operations.ts'
import { openBrowser, openPage, skipBrowser, type WatchedPage } from '../support/browser.ts'
import { operator } from '../support/core.ts'
import { hostile, openToldHouse, type ToldHouse } from './support/told-house.ts'

const shape = operations['release.show'].output
type Story = OutputOf<'release.show'>

const passphrase = 'otter lamp gravel seven'
const options = { skip: skipBrowser, timeout: 90_000 }

let house: ToldHouse
let browser: Browser
let watched: WatchedPage
let page: Page

before(async () => {
  if (skipBrowser !== false) return
  house = await openToldHouse()
  browser = await openBrowser()
  const viewport = { width: 320, height: 760 }
  watched = await openPage(browser, new URL(house.claimLink!).origin, { viewport })
  page = watched.page
  await page.goto(house.claimLink!)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.getByRole('button', { name: 'Take it' }).click()
  await page.getByRole('heading', { name: 'Devices' }).waitFor()
})
after(async () => {
  await watched?.close()
  await browser?.close()
  await house?.stop()
  assert.deepEqual(house?.troubles ?? [], [])
})

/** As somebody does who has no pointer. */
async function press(target: Locator): Promise<void> {
  await target.focus()
  await page.keyboard.press('Enter')
}

/** Goes to a part of the console, and waits until its heading has the focus. */
async function part(name: string): Promise<void> {
  await press(page.getByRole('navigation').getByRole('link', { name, exact: true }))
  await arrived(name)
  const current = page.getByRole('navigation').locator('[aria-current=page]')
  assert.equal(await current.textContent(), name)
}

/** The view stands, its heading is where a reader begins, and everybody can read and reach all of it. */
async function arrived(title: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name: title }).waitFor()
  assert.equal(await page.evaluate('document.activeElement.tagName'), 'H1')
  assert.ok((await page.title()).startsWith(`${title} · `))
  const found = await page.evaluate(`({
    titles: document.querySelectorAll('h1').length,
    levels: [...document.querySelectorAll('h1, h2, h3')].map(({ tagName }) => Number(tagName[1])),
    nameless: [...document.querySelectorAll('a, button, summary, input, select, progress')]
      .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.[0]?.textContent))
      .map(({ outerHTML }) => outerHTML),
    markup: document.querySelectorAll('main img').length,
    beside: document.documentElement.scrollWidth - innerWidth,
  })`)
  const { levels, ...rest } = found as { readonly levels: readonly number[] }
  assert.deepEqual(rest, { titles: 1, nameless: [], markup: 0, beside: 0 }, page.url())
  for (const [at, level] of levels.entries())
    assert.ok(level <= (levels[at - 1] ?? 0) + 1, `a heading of level ${level} at ${page.url()}`)
}

/** Every command that the page shows can be said as it stands; gives all of them. */
async function sayable(): Promise<string> {
  const shown = await page.locator('main .copyable pre').allTextContents()
  const lines = shown.flatMap((text) => text.replaceAll(/\\\n\s*/g, '').split('\n'))
  for (const line of lines.filter((one) => one.startsWith('bin/vitalsign '))) {
    const said = line.slice('bin/vitalsign '.length).replace(/ > \S+$/, '')
    const words = said.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? []
    const noun = commandNamed(words.slice(0, 2).join(' '))
    const command = noun ?? commandNamed(words[0] ?? '') ?? assert.fail(line)
    readLine(await whole(command), words.slice(noun === undefined ? 1 : 2))
  }
  return lines.join('\n')
}

/** What may be done with a release on its page. */
const acts = /^(Submit|Publish|Withdraw) it$/

const button = (name: string) => page.getByRole('button', { name, exact: true })
const link = (name: string) => page.getByRole('main').getByRole('link', { name, exact: true })
const told = (text: string | RegExp) => page.getByRole('main').getByText(text).first().waitFor()

test(
  'a signing key is looked at: its state, what follows it, and what breaks',
  options,
  async () => {
    await part('Signing keys')
    await press(link('boot → boot-2031'))
    await arrived('boot → boot-2031')
    const adopted = page.getByRole('progressbar', { name: '0 of 2 that were heard of, 0 %' })
    assert.equal(await adopted.getAttribute('max'), '2')
    await told('2 (PUMP-1, PUMP-2)')
    await told('Signing key boot-2031 is next.')
    assert.match(await sayable(), /rotation advance rot_/)
    await press(link('boot'))
    await arrived('boot of pump')
    await told('p-256')
    await told('Nothing breaks when boot ends.')
    const asked = page.waitForResponse((answer) => answer.url().includes('at=2031-01-01T00'))
    await page.getByLabel('If it ended on').fill('2031-01-01')
    assert.equal((await asked).status(), 200)
    await told('mcuboot, if it is revoked')
    assert.match(await sayable(), /rotation begin pump --from sgk_\w+ --to KEY/)
    await part('Signing keys')
    await page.getByLabel('State').selectOption('next')
    await page.locator('tbody tr').nth(1).waitFor({ state: 'detached' })
    assert.match(
      (await page.locator('tbody').textContent()) ?? '',
      /^boot-2031pump · p-256 · trial/,
    )
  },
)

test('a release tells its story, is published, and withdrawn with a reason', options, async () => {
  const [signed] = (await house.asked('GET', '/releases?channel=stable')).items
  await part('Releases')
  await page.locator('tbody').getByText(hostile).waitFor()
  await page.getByLabel('Channel').fill('stable')
  await page.keyboard.press('Enter')
  await page.getByText(hostile).waitFor({ state: 'detached' })
  await press(link('2.4.1'))
  await arrived('pump 2.4.1')
  await told('signed: it may be given to devices')
  const grouped = signed.manifestSha256.replaceAll(/.{8}(?!$)/g, '$& ')
  for (const text of [
    grouped,
    /^approver \d+ \(quality\)$/,
    '“reviewed and approved for release”: approved it,',
    'Every octet of it is here, or is known by its digest',
    'app.mcuboot.bin',
    'by boot (ecdsa-sha256)',
    /^no\. \d+ · /,
  ])
    await told(text)
  assert.match(await sayable(), /release check page\.json/)
  const file = await page.getByRole('link', { name: 'app.mcuboot.bin' }).getAttribute('href')
  assert.equal((await page.request.get(new URL(file!, page.url()).href)).status(), 200)

  const dialog = page.getByRole('dialog')
  await press(button('Publish it'))
  await dialog.getByText('It never changes').waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Publish it')
  assert.equal((await house.core.ledger.read('release', signed.id))?.state, 'signed')
  await page.keyboard.press('Enter')
  await press(dialog.getByRole('button', { name: 'Publish it' }))
  await told('published: devices get it')
  assert.equal((await house.core.ledger.read('release', signed.id))?.state, 'published')

  await press(button('Withdraw it'))
  await dialog.getByLabel('Why?').fill('x')
  await page.keyboard.press('Enter')
  await dialog.getByText('at least 3 characters').waitFor()
  assert.equal(await dialog.getByLabel('Why?').getAttribute('aria-invalid'), 'true')
  await dialog.getByLabel('Why?').fill('the pump stops at 4 degrees')
  await page.keyboard.press('Enter')
  await told('The pump stops at 4 degrees.')
  assert.equal(await page.getByRole('main').getByRole('button', { name: acts }).count(), 0)
})

test(
  'a draft is submitted, and people are told how to approve it with their own keys',
  options,
  async () => {
    await part('Releases')
    await told(/^begun /)
    await press(link(hostile))
    await arrived(`pump ${hostile}`)
    await told('It is not submitted yet.')
    await press(button('Submit it'))
    await press(page.getByRole('dialog').getByRole('button', { name: 'Submit it' }))
    await told('submitted: people are to approve it')
    await told(/Still missing: one more .*quality/)
    await arrived(`pump ${hostile}`)
    const [release] = (await house.asked('GET', '/releases?state=submitted')).items
    const { host, port } = house.addresses.devices
    const said = await sayable()
    for (const words of [
      `release approve ${release.id} --approver-key FILE --server https://${host}:${port} `,
      `release refuse ${release.id} --approver-key FILE --server`,
    ])
      assert.ok(said.includes(words), `${words} is in ${said}`)
  },
)

test(
  'an emergency, a refusal, what is void, a missing check and a time-stamp are told',
  options,
  async () => {
    const [{ id }] = (await house.asked('GET', '/releases?channel=stable')).items
    const at = '2026-01-02T03:04:05Z'
    const emergency = `emg_${'0'.repeat(32)}`
    const unlike = (story: Story): Story => ({
      ...{ ...story, state: 'submitted', verdict: 'emergency', missing: ['2 more people'] },
      checks: story.checks.map((one, index) => ({ ...one, passed: one.passed && index > 0 })),
      approvals: story.approvals.flatMap((one): Story['approvals'] => [
        { ...one, act: 'refuse', name: 'Kim', voidedAt: at, voidedBecause: 'the release changed' },
        { ...one, name: 'Lee', manifestSha256: '0'.repeat(64) },
      ]),
      emergency: {
        ...({
          id: emergency,
          state: 'open',
          incident: 'CAPA 12',
          until: at,
        } as const),
        ...{ because: 'pumps stop', reviewBy: at, exception: `exc_${'0'.repeat(32)}` },
      },
      signing: story.signing && {
        ...story.signing,
        digests: ['app.tbs', 'boot.tbs'].map((artefact) => ({
          ...{ artefact, of: 'app.bin', form: 'mcuboot', over: 'digest' },
          key: { name: 'boot', sha256: '0'.repeat(64) },
        })),
      },
      signed: story.signed.map((one) => ({
        ...{
          ...one,
          name: 'boot.tbs.boot.sig',
          facts: { ...one.facts, exceptions: ['an old boot ROM'] },
        },
        timeStamp: { at, serialNumber: '0a1b', authority: 'CN=Stamps' },
      })),
    })
    // What nobody brings about in a trial; it is held against what the server may answer.
    await page.route(`**/api/v1/releases/${id}?*`, async (route) => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, json: shape.parse(unlike(await answer.json())) })
    })
    await page.goto(`${new URL(page.url()).origin}/#/release/${id}`)
    await arrived('pump 2.4.1')
    for (const text of [
      'It may be signed on one approval, for a while.',
      'Emergency, open:',
      'CAPA 12, pumps stop.',
      'Upload what is missing, and attach it.',
      'The release changed.',
      'Of another revision.',
      /^time-stamped .* by CN=Stamps, serial 0a1b$/,
      'By exception: an old boot ROM',
    ])
      await told(text)
    await told('1 of 2 are not signed yet: once it is approved')
    for (const word of ['missing', 'void', 'outdated', 'waiting'])
      assert.equal(await page.locator(`.state.${word}`).count(), 1, word)
    assert.match(await sayable(), /release review-emergency rel_/)
    await page.unrouteAll()
  },
)

test(
  'an alarm leads to the weak key, to all who share it, and to what people may do',
  options,
  async () => {
    const [found] = (await house.asked('GET', '/findings')).items
    const text = 'two devices hold the same private key'
    const alarm = {
      kind: 'key-held-twice',
      subject: found.key,
      severity: 'critical',
      text,
    } as const
    await raise({ ...alarm, facts: { finding: found.id } }, house.core)
    await part('Key watch')
    // One is about a finding, the other names one.
    assert.equal(await link('Look at it').count(), 2)
    const item = page.getByRole('listitem').filter({ hasText: 'Two devices hold the same' })
    await press(item.getByRole('link', { name: 'Look at it' }))
    await page.getByText('Who shares it').waitFor()
    await told('The key has a prime in common with another key')
    for (const serial of ['PUMP-1', 'PUMP-2']) await told(serial)
    await told(/all of lot L-7 of pump/)
    const said = await sayable()
    assert.match(said, /renewal order --product pump --lot L-7/)
    assert.match(said, /revocation end --cause [0-9a-f]{64} --reason keyCompromise/)
    await press(button('Accept it'))
    await page.getByRole('dialog').getByLabel('Why?').fill('a board that never leaves the bench')
    await page.keyboard.press('Enter')
    await told('dismissed: somebody accepts it')
    await told(/^Decided by Ada/)
    await part('Key watch')
    await page.locator('tbody tr').nth(1).waitFor({ state: 'detached' })
    await press(page.locator('summary'))
    await press(button('Pause it'))
    await page.getByRole('dialog').getByLabel('Why?').fill('the disk is changed')
    await page.keyboard.press('Enter')
    await told('The watch is paused: The disk is changed.')
    await press(page.locator('summary'))
    await press(button('Have it go on'))
    await page.getByText('The watch is paused').waitFor({ state: 'detached' })
  },
)

test('a scan says where something was found, why it matters and what to do', options, async () => {
  await press(link('What scans of images found'))
  await arrived('Scans')
  await press(link('pump.swu'))
  await arrived('pump.swu')
  // What turns the direction of a text is shown by its number, and turns nothing.
  await told(`pump.swu!/${hostile}!/etc/\\u{202e}line.key`)
  await told('certain, at octet 512')
  await told('Every device with the image has the same one')
  await told('Key of the self test. Until 2027-02-01, by ada')
  assert.match(await sayable(), /scan IMAGE --write-baseline scan-baseline\.json/)
})

test(
  'the rules of a product are told: what a release needs, how it is signed, and what waits',
  options,
  async () => {
    await part('Releases')
    await press(link('What releases need'))
    await arrived('Signing rules')
    await told('Production: no SBOM is asked any more.')
    assert.match(await sayable(), /signing-policy approve spo_/)
    assert.match(await sayable(), /signing-policy refuse spo_\w+ --because/)
    await press(link('pump'))
    await arrived('pump: signing rules')
    for (const text of [
      'one person (1 of role quality)',
      '2 people',
      'a clean scan of every artefact, at most 30 days old, made here',
      'In an emergency one person suffices for 24 hours at most',
      'Quality looks at all of it.',
      /^Plan 1, by /,
      'No build service is believed: people hand in releases.',
    ])
      await told(text)
    const line = page.getByRole('listitem').filter({ hasText: '*.bin' })
    assert.match((await line.textContent()) ?? '', /mcuboot.*by boot.*headerSize 32/)
    await press(page.locator('summary', { hasText: 'What its devices run' }))
    await told('0 of 2 devices in service said what they run.')
    assert.match(await sayable(), /signing-plan apply pump plan\.json/)
  },
)

test(
  'a key that nobody vouched for is confirmed by what its owner says, not by what the page shows',
  options,
  async () => {
    await part('Releases')
    await press(link('who may approve'))
    await arrived('Approver keys')
    const [waiting] = (await house.asked('GET', '/approvers?state=waiting')).items
    await page.getByLabel('State').selectOption('active')
    await page.locator('tbody').getByText('approver 0').waitFor()
    await page.getByText('Get a key of your own').click()
    assert.match(
      await sayable(),
      /approver register --approver-key my\.pem --role ROLE --name NAME/,
    )
    await press(link('Kim'))
    await arrived('Kim (quality)')
    await told('waiting: another administrator has yet to confirm whose it is')
    assert.match(await sayable(), /approver confirm apk_\w+ --fingerprint FINGERPRINT/)
    const shown = ((await page.getByRole('main').textContent()) ?? '').replaceAll(' ', '')
    assert.ok(!shown.includes(waiting.fingerprint), 'its owner alone says the fingerprint')
    assert.ok(!page.url().includes(waiting.fingerprint), 'nor does the address')
    const [active] = (await house.asked('GET', '/approvers?state=active')).items
    await page.goto(`${new URL(page.url()).origin}/#/approvers/${active.id}`)
    await arrived(`${active.name} (quality)`)
    await told(active.fingerprint.replaceAll(/.{8}(?!$)/g, '$& '))
  },
)

test('what was relaxed is told: which rule, for what, by whom and why', options, async () => {
  await part('Releases')
  await press(link('which rules were relaxed'))
  await arrived('Exceptions')
  await told('Its board was changed.')
  await told('The device has its identity and may not enrol once more.')
  await page.getByLabel('Rule').selectOption('tls-1.3-only')
  await told('None.')
  await page.getByLabel('Rule').selectOption('device-already-enrolled')
  await press(link('PUMP-1'))
  await arrived('PUMP-1')
})

test('an auditor sees all of it, and nothing to do', options, async () => {
  const asked = { name: 'Grace', role: 'auditor' } as const
  const invited = await invite(asked, operator, house.core)
  assert.ok(invited.kind === 'invited')
  const { origin } = new URL(page.url())
  await press(button('Sign out'))
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.goto(`${origin}/#join=${invited.link.token}`)
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.keyboard.press('Enter')
  await button('Sign out').waitFor()
  const [finding] = (await house.asked('GET', '/findings?state=proposed')).items
  await page.goto(`${origin}/#/finding/${finding.id}`)
  await told('What is proposed')
  assert.equal(await page.getByRole('main').getByRole('button').count(), 0)
  await part('Releases')
  await press(link(hostile))
  await told('What it needs to be signed')
  await press(link('the signing plan of its product'))
  await arrived('pump: signing rules')
  assert.equal(await page.locator('main .copyable').count(), 0)
  await page.goBack()
  await told('What it needs to be signed')
  assert.equal(await page.getByText('Decide with your own key').count(), 0)
  assert.equal(await page.getByRole('button', { name: acts }).count(), 0)
})
