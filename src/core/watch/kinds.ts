// SPDX-License-Identifier: Apache-2.0

export const severities = ['notice', 'warning', 'critical'] as const
export type Severity = (typeof severities)[number]

/**
 * Every kind of alarm, sorted, with what it means and what to do; `docs/words.md` has the same rows.
 *
 * Whoever raises one says how bad this one is.
 */
export const alarmKinds = {
  'authority-ending': 'an authority comes to its end, and what it signed with it',
  'break-glass-used': 'somebody at the machine itself made a way in to an account',
  'certificate-ending': 'a certificate that no device renews by itself comes to its end',
  'certificates-learnt':
    'devices showed certificates of the time that a restore lost, and they were learnt',
  'clock-apart': "the clock of a server is apart from the database's",
  'codes-unused': 'many enrolment codes run out and were never used',
  'emergency-release':
    'one person approved a release in an emergency, and others have not reviewed it or do not agree',
  'enforcement-given-up':
    'an integration could not be told for two weeks whose sessions are to end, and it was given up',
  'integration-down':
    'a place where sessions end with their trust does not answer, or does not confirm it',
  'invitation-ending': 'an invitation runs out and was not taken up',
  'key-backend-away':
    'a token or TPM that keeps keys of authorities does not answer, so nothing is signed with them',
  'key-backend-stopped':
    'a token or TPM that keeps keys waits for a person, as after a wrong PIN; nothing is tried before',
  'key-found-weak': 'keys of ours are weak, and people are to decide what ends',
  'key-held-twice':
    'two devices, or a device and somebody else, proved live that they hold the same private key',
  'key-of-another-shown':
    'a device asked with a key that another has, and proved nothing that would show it holds the key now',
  'key-recovered':
    'the private key of a device can be computed from its signatures, and was, to prove it',
  'key-watch-stopped': 'the keys of the fleet are not tested: the watch is paused, or stands still',
  'node-silent': 'a server gave no sign of life for over a minute and did not stop in good order',
  'notification-failing':
    'a target of notifications cannot be reached, so alarms are not told there',
  'ocsp-responder-ending':
    'who answers OCSP for an authority is missing, or comes to an end without a successor',
  'platform-differs':
    'the platform of a device measured what no reference value of its product says',
  'renewal-missed': 'a device should have renewed its working identity by now and did not',
  'renewal-order-silent':
    'the window of a renewal order is over, and some devices have not renewed',
  'renewals-missed': 'devices of a product should have renewed by now and did not',
  'revocation-slow': 'an act that ends or suspends trust runs long and is not in force for all',
  'revocation-unpublished':
    'an act that ends or restores trust is in force here, and a revocation list does not say so yet',
  'revocation-waiting':
    'an act that ends or suspends trust, or a higher limit for those who do so alone, waits for a second person',
  'signer-strands-devices':
    'the certificate of a signing key ends before the support of what it signed, and devices refuse that from then on',
  'status-file-failing':
    'the next status file for those who cannot ask could not be made, or lacks a signature',
  'status-stale': 'a revocation list is missing, or past half of its life without a successor',
  'upstream-certificate-astray':
    'an upstream signed, or may have signed, what somebody has to revoke there by hand',
  'upstream-credential-ending': 'what proves this server to an upstream comes to its end',
  'upstream-unreachable': 'an upstream that signs for devices does not answer',
  'vendor-root-ending':
    "an authority of a maker of chips comes to its end, and with it the maker's word",
} as const satisfies Record<string, string>

export type AlarmKind = keyof typeof alarmKinds

/** Whether one severity is told where the other is the least that is told. */
export function reaches(severity: Severity, least: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(least)
}
