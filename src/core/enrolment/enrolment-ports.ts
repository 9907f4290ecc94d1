// SPDX-License-Identifier: Apache-2.0
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import type { RefusalMeter } from '../audit/refusal-meter.ts'
import type { CarryingPorts } from '../authority/upstream/ask-upstream.ts'
import type { SecondOwners } from '../devices/second-owner.ts'
import type { Key } from '../ledger/tables.ts'
import type { WaitingLimits } from './approval/waiting-limits.ts'
import type { Attempts } from './attempts.ts'
import type { Doors } from './doors.ts'
import type { RegistrarPace } from './speakers/pace.ts'

/** What an enrolment asks of the house. */
export interface EnrolmentPorts extends CarryingPorts {
  pause(milliseconds: number): Promise<void>
  readonly doors: Doors
  readonly attempts: Attempts
  readonly refusals: RefusalMeter
  readonly registrarPace: RegistrarPace
  readonly waiting: WaitingLimits
  readonly environment: Key['environment']
  /** Hears of keys that are shown for another than their owner. */
  readonly secondOwners: SecondOwners
  /** Hears of signatures that no enrolment will bear; MUST cost next to nothing. */
  readonly signatures: { note(request: CertificationRequest, device: string): void }
}
