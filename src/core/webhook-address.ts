// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from './refusal.ts'

/** Plain HTTP is for programs on this machine alone; a URL carries no password, which lists would show. */
export function checkWebhookAddress(address: string): Refused | undefined {
  const url = URL.parse(address)
  if (url === null || !(url.protocol === 'https:' || url.protocol === 'http:'))
    return refuse('input-wrong', `address: a webhook is an https:// address, not "${address}"`)
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return refuse('input-wrong', 'address: a webhook carries no user, no password and no #part')
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return refuse(
      'input-wrong',
      `address: http is for this machine only; use https for ${url.host}`,
    )
  return undefined
}

export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
  )
}
