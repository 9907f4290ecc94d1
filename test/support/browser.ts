// SPDX-License-Identifier: Apache-2.0
/** Debian's Chromium for journeys through the page. What a browser complains of fails the journey. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/** Why journeys with a browser are skipped, if so; with PEERS=required they fail instead. */
export const skipBrowser =
  existsSync(executablePath) || process.env.PEERS === 'required'
    ? false
    : 'chromium is missing (scripts/peers.sh)'

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
    ],
  })
}

export interface WatchedPage {
  readonly page: Page
  /** Ends it; fails if it broke, complained, or asked anybody but the origin that it came from. */
  close(): Promise<void>
}

/** A page with cookies of its own. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // A refusal of the API, which a browser also tells its console.
    const isRefusal = message.location().url.startsWith(`${origin}/api/v1/`)
    if (['error', 'warning'].includes(message.type()) && !isRefusal) complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`asked ${request.url()}`)
  })
  return {
    page,
    close: async () => {
      await context.close()
      assert.deepEqual(complaints, [])
    },
  }
}
