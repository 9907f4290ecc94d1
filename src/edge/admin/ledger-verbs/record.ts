// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import type { Call } from '../verbs.ts'

/** Why an edit must not go on from this record, if so: If-Match named another version. */
export function checkVersion(
  record: { readonly version: number },
  call: Pick<Call, 'expectedVersion'>,
): Refused | undefined {
  const { expectedVersion } = call
  return expectedVersion === undefined || expectedVersion === record.version
    ? undefined
    : refuse(
        'version-differs',
        `it is at version ${record.version} now, the edit expects ${expectedVersion}; look again`,
      )
}

/** Nothing has this id. */
export function notFound(id: string): Refused {
  return refuse('not-found', `nothing here has the id ${id}`)
}
