// SPDX-License-Identifier: Apache-2.0
import { mostNameCharacters, roleForm } from '#format/release/approval-statement.ts'
import { printedForm } from '#format/release/statement-fields.ts'
import { wrongUse } from '../stop.ts'

/** A name as it may stand in approvals. @throws Stop */
export function printedName(name: string): string {
  if (printedForm.test(name) && name.length <= mostNameCharacters) return name
  throw wrongUse(
    '--printed-name is no printable text without blanks at its ends',
    `write your name as people know it, in at most ${mostNameCharacters} characters`,
  )
}

/** A role as approver keys bear it. @throws Stop */
export function roleSaid(role: string): string {
  if (roleForm.test(role)) return role
  throw wrongUse(
    `--role ${role} is no word of small letters`,
    'the signing policy of your products says which roles there are, such as quality',
  )
}
