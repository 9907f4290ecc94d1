// SPDX-License-Identifier: Apache-2.0
import { parseCrl } from '#format/x509/crl.ts'
import { glance, type Ledger } from '../ledger/ledger.ts'
import { fullCrl } from '../ledger/shards.ts'
import { bytesOf } from './crl-bytes.ts'
import { latestCrl } from './publish.ts'

/** The serial numbers of the newest list of each authority that was asked about, in hex. */
const kept = new Map<string, { readonly list: string; readonly serials: ReadonlySet<string> }>()

/** Authorities whose lists stand in memory: makers of chips, of whom there are few. */
const mostKept = 16

/**
 * Whether the newest list that was brought of an authority names a serial number, whether or not the ledger has its
 * certificate; that the list is past its end takes nothing from it.
 */
export async function isListedElsewhere(
  authority: string,
  serialNumber: Uint8Array,
  ledger: Ledger,
): Promise<boolean> {
  const [newest] = (
    await glance(
      ...(['crl', ['id']] as const),
      { by: 'latest', equal: [authority, fullCrl], descending: true, limit: 1 },
      ledger,
    )
  ).items
  if (newest === undefined) return false
  const known = kept.get(authority)
  const serials = known?.list === newest.id ? known.serials : await serialsOf(authority, ledger)
  kept.delete(authority)
  kept.set(authority, { list: newest.id, serials })
  if (kept.size > mostKept) kept.delete(kept.keys().next().value ?? '')
  return serials.has(serialNumber.toHex())
}

async function serialsOf(authority: string, ledger: Ledger): Promise<ReadonlySet<string>> {
  const list = await latestCrl(authority, fullCrl, ledger)
  const der = list && (await bytesOf(list, ledger))
  const serials = new Set<string>()
  if (der === undefined) return serials
  for (const { serialNumber } of parseCrl(der).revoked) serials.add(serialNumber.toHex())
  return serials
}
