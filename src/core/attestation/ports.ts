// SPDX-License-Identifier: Apache-2.0
import type { RefusalMeter } from '../audit/refusal-meter.ts'
import type { IssuingPorts } from '../authority/issue.ts'
import type { Issuer } from '../authority/issuer.ts'
import type { SecondOwners } from '../devices/second-owner.ts'
import type { Code, Device, Entrance, Key, Party, Product } from '../ledger/tables.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'
import type { VendorRegister } from '../vendors/vendor-trust.ts'
import type { AttestationPace } from './pace.ts'
import type { Measured } from './registers.ts'

/** What an entrance decides about an attestation. */
export interface AttestationDoor {
  readonly entrance: Entrance
  readonly product: Product
  readonly party: Party
  readonly profile: Profile
  readonly issuer: Issuer
}

/** What the platform of a device measured, for the people who watch. */
export interface Platform {
  readonly device: Device
  readonly measured: Measured
}

/** What attestation asks of the house; what belongs to enrolment comes in as a function. */
export interface AttestationPorts extends IssuingPorts {
  readonly refusals: RefusalMeter
  readonly pace: AttestationPace
  readonly vendors: VendorRegister
  /** Hears of keys that a TPM proved for another than their owner. */
  readonly secondOwners: SecondOwners
  readonly environment: Key['environment']
  /** The door that a device of this product means. */
  doorOf(product: string, label: string | undefined): AttestationDoor | Refused
  /** The certificates above an issuer, its root last. */
  chainOf(issuer: Issuer): readonly Uint8Array[]
  /** Whose enrolment code this is; a used one is told as it is. */
  admitCode(
    serial: string,
    code: string,
    sourceAddress: string,
  ): Promise<{ readonly device: Device; readonly code: Code } | Refused>
  /** Raises an alarm about a platform that differs, and clears that of one which differs no more. */
  tellPlatform(platform: Platform): Promise<void>
}

/** Where a question came from. */
export interface Asked {
  readonly sourceAddress: string
  readonly requestId: string | undefined
}
