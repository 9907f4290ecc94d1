// SPDX-License-Identifier: Apache-2.0
import type { ArtefactRefusal } from '#trust/artefact/refusal.ts'

/** What the person beside a device does about an update that it does not believe. */
const remedies: Partial<Record<ArtefactRefusal, string>> = {
  'artefact-form-ambiguous':
    'say which form it is: --form FORM; if nobody knows, do not install it',
  'artefact-of-another-form': 'is this the right file? --form FORM says what it is meant to be',
  'artefact-signer-unknown':
    'it is signed by somebody else, or the device was not told the new key: "vitalsign-device firmware trust --key FILE"',
  'artefact-time-unknown':
    'set the clock of the device, or have the update signed with the time of signing in it',
  'artefact-truncated': 'it was not received to its end: fetch it again',
  'artefact-version-lower':
    'it is older than what this device runs; there is no way back, by intent: get the present one',
  'artefact-version-missing':
    'have it signed with a security version; a device that is to keep no counter is told so: "vitalsign-device firmware trust --no-counter"',
  'certificate-expired':
    'look at the clock of this device; if it is right, have the update signed again',
  'certificate-not-yet-valid': 'look at the clock of this device',
  'status-file-older': 'the device holds a newer one; nothing is to be done',
  'status-file-stale':
    'give the device a new status file: "vitalsign-device firmware trust --status FILE"',
  'status-outdated':
    'give the device a new status file: "vitalsign-device firmware trust --status FILE"',
  'status-unknown':
    'give the device a new status file: "vitalsign-device firmware trust --status FILE"',
}

export function remedyForUpdate(reason: ArtefactRefusal): string {
  return remedies[reason] ?? 'do not install it, and tell the maker of the device the words above'
}
