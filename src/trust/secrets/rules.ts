// SPDX-License-Identifier: Apache-2.0
/**
 * Everything that a scan finds, sorted: how grave it is, what it is, why it matters to the one who ships the image, what
 * to do, and who says so. A finding names its row; docs/scan-rules.md is held against this table by a test.
 *
 * `critical`: whoever has the image can be a device, its maker, or its owner. `warning`: a step from that, or it depends
 * on what the image is for. `notice`: to be known.
 */
export const rules = {
  'access-token': {
    severity: 'critical',
    what: 'an access token of a service, by the form that its maker gave it',
    why: 'whoever unpacks the image acts in your name at that service',
    todo: 'revoke the token at the service, and let the device fetch what it needs with its own identity',
    source: 'CWE-798; ETSI EN 303 645 provision 5.4-3',
  },
  'authorized-key': {
    severity: 'warning',
    what: 'a key that may log in by SSH',
    why: 'whoever holds its private half can log in to every device with this image',
    todo: 'leave it out of what is shipped, or let an authority of yours sign short-lived login keys',
    source: 'CWE-798; ETSI EN 303 645 provision 5.6-4',
  },
  'boot-to-shell': {
    severity: 'critical',
    what: 'a kernel command line that starts a shell instead of the system',
    why: 'the device comes up with a shell of root that asks for no password',
    todo: 'take init= and single out of the boot arguments, and lock the environment of the boot loader',
    source: 'CWE-1299; ETSI EN 303 645 provision 5.6-3',
  },
  'certificate-duplicated': {
    severity: 'notice',
    what: 'the same certificate of an end entity in several places',
    why: 'an identity that lies in an image is the same on every device that runs it',
    todo: 'if it is a device that it names, take it out and let each device enrol for its own',
    source: 'ETSI EN 303 645 provision 5.4-2',
  },
  'certificate-expired': {
    severity: 'warning',
    what: 'a certificate that has expired',
    why: 'what relies on it fails, or does not look at dates',
    todo: 'replace it, or take it out if nothing needs it',
    source: 'RFC 5280 section 4.1.2.5; CWE-298',
  },
  'certificate-test': {
    severity: 'warning',
    what: 'a certificate whose name says that it is for tests or demonstrations',
    why: 'the keys of such certificates lie in repositories and on laptops',
    todo: 'replace it with one of your production authority, or take it out',
    source: 'CWE-1188; FDA premarket cybersecurity guidance 2023, section V.B.1',
  },
  'certificate-weak-signature': {
    severity: 'warning',
    what: 'a certificate signed with MD5 or SHA-1',
    why: 'another certificate with the same signature can be made',
    todo: 'have it issued anew with SHA-256 or better',
    source: 'RFC 6194; RFC 6151; CWE-327',
  },
  'config-password': {
    severity: 'warning',
    what: 'a password in a file of configuration or in a program',
    why: 'every device that runs the image has the same one, and so does who downloads the image',
    todo: 'give each device its own at provisioning, or a certificate instead',
    source: 'CWE-798; ETSI EN 303 645 provisions 5.1-1 and 5.4-3',
  },
  'debug-bridge-open': {
    severity: 'critical',
    what: 'the Android debug bridge is switched on',
    why: 'whoever reaches the port or the plug has a shell of root',
    todo: 'ship with ro.debuggable=0 and ro.secure=1',
    source: 'CWE-489; ETSI EN 303 645 provision 5.6-4',
  },
  'key-store': {
    severity: 'warning',
    what: 'a store of keys that is protected by a password',
    why: 'the device that opens it has the password too, and both are in the image',
    todo: 'make the key on the device, or put it into hardware',
    source: 'CWE-321; ETSI EN 303 645 provision 5.4-1',
  },
  'key-store-default-password': {
    severity: 'critical',
    what: 'a store of keys that opens with a password that everybody tries first',
    why: 'the private key in it is as good as in the clear',
    todo: 'treat the key as known: revoke its certificates, and make a new one where it is used',
    source: 'CWE-1393; CWE-321; ETSI EN 303 645 provision 5.4-1',
  },
  'look-cut-short': {
    severity: 'warning',
    what: 'a file with so many places that look like secrets that not all were looked at',
    why: 'something may lie behind them',
    todo: 'look at the file by hand; it may have been made to wear the scan out',
    source: 'CWE-400',
  },
  'mqtt-password': {
    severity: 'warning',
    what: 'a password for an MQTT broker',
    why: 'whoever has the image can be any of its devices at the broker',
    todo: 'let each device log in with its own certificate',
    source: 'CWE-798; ETSI EN 303 645 provisions 5.1-1 and 5.5-5',
  },
  'not-compared': {
    severity: 'notice',
    what: 'so many certificates or possible keys that not all were compared with each other',
    why: 'a key and its certificate may both be there without being told',
    todo: 'scan the parts of the image one by one',
    source: 'the bounds of the scan',
  },
  'password-default': {
    severity: 'critical',
    what: 'the hash of a password that everybody tries first',
    why: 'such passwords are what worms log in with',
    todo: 'lock the account, or give each device a password of its own',
    source: 'CWE-1392; ETSI EN 303 645 provision 5.1-1',
  },
  'password-empty': {
    severity: 'critical',
    what: 'an account that needs no password',
    why: 'whoever reaches a login is in',
    todo: 'lock the account: put ! or * in the place of the password',
    source: 'CWE-258; ETSI EN 303 645 provision 5.1-1',
  },
  'password-hash': {
    severity: 'warning',
    what: 'the hash of a password',
    why: 'every device of the image has this password; who guesses it once has them all',
    todo: 'lock the account, or give each device a password of its own',
    source: 'CWE-798; ETSI EN 303 645 provision 5.1-1',
  },
  'password-hash-weak': {
    severity: 'warning',
    what: 'the hash of a password in a form that is guessed at great speed',
    why: 'every device has this password, and a laptop tries billions of them a day',
    todo: 'lock the account; where a shared password has to stay, hash it with yescrypt or SHA-512',
    source: 'CWE-916; CWE-798; ETSI EN 303 645 provision 5.1-1',
  },
  'private-key': {
    severity: 'critical',
    what: 'a private key in the clear',
    why: 'every device with the image has the same one, and so has everybody who downloads the image',
    todo: 'take it out, revoke what was certified for it, and let each device make its own',
    source: 'CWE-321; ETSI EN 303 645 provisions 5.4-1 and 5.4-4',
  },
  'private-key-encrypted': {
    severity: 'warning',
    what: 'a private key that is encrypted under a password',
    why: 'the device that opens it has the password too, and both are in the image',
    todo: 'make the key on the device, or put it into hardware',
    source: 'CWE-321; ETSI EN 303 645 provision 5.4-1',
  },
  'private-key-known': {
    severity: 'critical',
    what: 'a private key that the inventory knows',
    why: 'whoever has the image can be the one whose key it is',
    todo: 'end trust in its certificates now: vitalsign revocation preview shows what that would touch',
    source: 'CWE-321; RFC 5280 section 5.3.1, keyCompromise',
  },
  'private-key-of-certificate': {
    severity: 'critical',
    what: 'a private key and its certificate in the same image',
    why: 'both together are a whole identity, and every device with the image is the same one',
    todo: 'revoke the certificate, take both out, and let each device enrol for its own',
    source: 'CWE-321; ETSI EN 303 645 provisions 5.4-2 and 5.4-4',
  },
  'raw-key': {
    severity: 'critical',
    what: 'octets that are the private key of a certificate or public key in the same image',
    why: 'whoever has the image has the key, whatever it is wrapped in',
    todo: 'revoke what was certified for it, and let each device make its own',
    source: 'CWE-321; ETSI EN 303 645 provision 5.4-1',
  },
  'root-shell-open': {
    severity: 'critical',
    what: 'a terminal or port that gives a shell of root without a login',
    why: 'whoever reaches the serial pins or the port owns the device',
    todo: 'start a login there, or nothing',
    source: 'CWE-306; ETSI EN 303 645 provisions 5.6-3 and 5.6-4',
  },
  'root-terminal-network': {
    severity: 'warning',
    what: 'root may log in at terminals that come over the network',
    why: 'it takes one password from anywhere to own the device',
    todo: 'take the pts lines out of securetty',
    source: 'CWE-250; ETSI EN 303 645 provision 5.6-1',
  },
  'signed-token': {
    severity: 'notice',
    what: 'a signed token (JWT) that has not expired',
    why: 'it may let whoever has the image into a service',
    todo: 'find out what it opens; let the device fetch one with its own identity',
    source: 'CWE-798; RFC 8725',
  },
  'ssh-empty-passwords': {
    severity: 'critical',
    what: 'the SSH server accepts accounts without a password',
    why: 'whoever reaches the port is in',
    todo: 'set PermitEmptyPasswords no, and start dropbear without -B',
    source: 'CWE-258; ETSI EN 303 645 provision 5.1-1',
  },
  'ssh-root-login': {
    severity: 'warning',
    what: 'the SSH server lets root log in with a password',
    why: 'it takes one password from anywhere to own the device',
    todo: 'set PermitRootLogin no, or start dropbear with -w',
    source: 'CWE-250; ETSI EN 303 645 provision 5.6-1',
  },
  'symmetric-key': {
    severity: 'warning',
    what: 'a secret key in a form made for secret keys',
    why: 'every device with the image has the same one',
    todo: 'give each device its own',
    source: 'CWE-321; ETSI EN 303 645 provision 5.4-4',
  },
  'telnet-enabled': {
    severity: 'critical',
    what: 'a telnet server is started',
    why: 'passwords go over the network in the clear, and worms knock there first',
    todo: 'take it out; where a login from afar is needed, SSH with keys',
    source: 'CWE-319; ETSI EN 303 645 provisions 5.5-1 and 5.6-1',
  },
  'test-key': {
    severity: 'critical',
    what: 'a key whose private half is published: a test key of a project or a document',
    why: 'what is signed with it, or encrypted to it, is open to everybody',
    todo: 'make a key of your own, and have nothing believe this one',
    source: 'CWE-1394; CWE-321; ETSI EN 303 645 provision 5.4-4',
  },
  'url-password': {
    severity: 'warning',
    what: 'an address with a user and a password in it',
    why: 'every device with the image has it, and it shows in logs and lists of processes',
    todo: 'let the device log in with its own certificate',
    source: 'CWE-798; RFC 3986 section 3.2.1; ETSI EN 303 645 provision 5.4-3',
  },
  'weak-key': {
    severity: 'critical',
    what: 'a key that can be broken',
    why: 'its private half can be computed, so whoever relies on it is deceived',
    todo: 'make a new key; the guide on weak keys says what is wrong with this one',
    source: 'CWE-326; docs/guides/weak-keys.md',
  },
  'wifi-password': {
    severity: 'warning',
    what: 'a password of a wireless network',
    why: 'every device with the image has it, and opens that network to who unpacks it',
    todo: 'leave it out of what is shipped: let it be set on the device',
    source: 'CWE-798; ETSI EN 303 645 provision 5.1-1',
  },
} as const satisfies Record<string, Rule>

export interface Rule {
  readonly severity: 'notice' | 'warning' | 'critical'
  readonly what: string
  readonly why: string
  readonly todo: string
  /** CWE, and the provisions of the standards that a maker is held to. */
  readonly source: string
}

export type RuleName = keyof typeof rules

/** Goes up when a rule comes, goes or finds otherwise: a record of a scan says by which it was made. */
export const rulesVersion = '2026.11'
