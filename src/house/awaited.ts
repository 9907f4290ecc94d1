// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AuthorityRequest } from '#core/ledger/tables.ts'
import { encodePem } from '#format/pem.ts'
import { type Core, ownIssuer } from './core.ts'

/** The requests for which an installation waits that has no issuing authority yet; else none. */
export async function awaitedAuthorities(core: Core): Promise<readonly AuthorityRequest[]> {
  if (core.installation.root !== 'elsewhere' || core.doors.own.length > 0) return []
  if (ownIssuer(core) !== undefined) return []
  const { items } = await core.ledger.list('authorityRequest', {
    ...{ by: 'state', equal: ['waiting'], limit: 100 },
  })
  return items
}

/** Where a request lies that somebody carries to whoever has the root. */
export function requestFile(data: string, name: string): string {
  return join(data, 'requests', `${name}.csr`)
}

/** Requests are no secret: they are made to be carried away. */
export async function writeRequests(
  data: string,
  requests: readonly AuthorityRequest[],
): Promise<void> {
  for (const { name, request } of requests) {
    const path = requestFile(data, name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(path, encodePem('CERTIFICATE REQUEST', request))
  }
}
