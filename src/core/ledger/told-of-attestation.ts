// SPDX-License-Identifier: Apache-2.0
import type { Attestation } from './tables.ts'

/** What the event of an attestation tells of its record, and the export demands to be the same in both. */
export function toldOf(attestation: Attestation) {
  const { device, form, keyFingerprint, module, evidenceSha256, quote } = attestation
  return {
    ...{ device, form, key: keyFingerprint.toHex(), module },
    ...{ evidenceSha256: evidenceSha256.toHex(), quote },
  }
}
