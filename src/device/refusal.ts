// SPDX-License-Identifier: Apache-2.0
import type { Refused as RefusedFor, TrustRefusal } from '#trust/refusal.ts'

/** Every "no" that a device can hear or say, with what the person beside it should do. */
export const deviceRefusals = {
  'answer-malformed': 'is this an EST server? look at the address and at what stands before it',
  'answer-not-ours': 'the server answered for another key or device; tell the one who runs it',
  'answer-too-large': 'is this an EST server? look at the address',
  'birth-missing': 'ask the operator for a new enrolment code, then run "vitalsign-device enrol"',
  'certificate-expired':
    'look at the clock of this device, then at the certificate that the server shows',
  'certificate-not-trusted': 'look at the server address and at the root fingerprint',
  'credential-not-shown':
    'the state of the device stands on the server: vitalsign device show SERIAL',
  'credential-refused':
    'look at the device on the server: was it revoked, quarantined or retired? does its clock run right?',
  'enrolled-already':
    'use "vitalsign-device renew", or give --again with a new code if the server allows it',
  'firmware-nobody-believed':
    'tell it the key or the root that signs its updates: "vitalsign-device firmware trust"',
  'firmware-not-noted':
    'check the update with "vitalsign-device firmware verify FILE --install" before it is installed',
  'handshake-refused':
    'whoever answers ends TLS at the sight of our certificate: look at the device on the server',
  'link-identifier-wrong':
    'the new root is not believed; tell the one who runs the server that its link names other keys',
  'link-key-differs':
    'the new root is not believed; tell the one who runs the server that its link is of another key',
  'link-name-differs':
    'the new root is not believed: a root that follows another has its name; enrol again with its fingerprint',
  'link-narrower-than-root':
    'the new root is not believed; tell the one who runs the server that its link restricts more than it',
  'link-of-no-authority':
    'the new root is not believed; tell the one who runs the server that its link is no authority’s',
  'not-enrolled': 'run "vitalsign-device enrol" first; "vitalsign-device help enrol" says how',
  'other-settings': 'this directory belongs to another enrolment; choose another with --state',
  'pending-too-long':
    'an operator may have to approve the device; run the same command again later',
  'refused-by-server': 'the words above are the server’s; its log names the rule',
  'root-not-self-signed':
    'the new root is not believed; tell the one who runs the server that it did not sign itself',
  'root-differs': 'compare the fingerprint with the one that the server printed; do not go on',
  'server-name-wrong': 'use the name that stands in the server’s certificate',
} as const satisfies Record<string, string>

export type DeviceRefusal = keyof typeof deviceRefusals | TrustRefusal
export type Refused = RefusedFor<DeviceRefusal>

/** What to do about a refusal. */
export function remedyFor(reason: DeviceRefusal): string {
  const remedies: Partial<Record<DeviceRefusal, string>> = deviceRefusals
  // Every other reason of trust is about the chain that the server showed or sent.
  return remedies[reason] ?? deviceRefusals['certificate-not-trusted']
}
