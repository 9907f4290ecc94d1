// SPDX-License-Identifier: Apache-2.0

import { type Front, type FrontOptions, openFront, serverOptions } from './front.ts'
import { createServer } from './node-http.ts'

/**
 * Opens a plain HTTP front, for what anybody may read: certificates, revocation lists, health.
 *
 * @throws Fault `port-taken` if the address cannot be had
 */
export function openStatusFront(options: Omit<FrontOptions, 'adminHandler'>): Promise<Front> {
  return openFront(createServer(serverOptions(options.limits)), options)
}
