// SPDX-License-Identifier: Apache-2.0
/** Every way in which the house itself can break, with what the one who runs it should do. */
export const faults = {
  'clock-wrong': 'set the clock of this machine; nothing is signed while it is behind',
  'configuration-wrong': 'mend the named fields of the configuration file',
  'crl-lint-failed':
    'report the rule that it names; the list was neither booked nor served, and the one before it stays',
  'data-directory-held': 'stop the other server, or choose another data directory',
  'ledger-damaged': 'stop, keep the directory as it is, and restore from a backup',
  'key-locked': 'give the passphrase file or credential that unlocks the keys',
  'key-damaged': 'restore the key file from a backup',
  'key-missing': 'bring back the key file, or the root directory if it was taken away',
  'key-not-as-asked':
    'look whether the token lets keys be made that cannot be taken out; the key was not used',
  'key-passphrase-weak':
    'found it with a passphrase that nobody guesses; 32 random bytes in base64 do well',
  'key-unreachable':
    'look whether the token or TPM is there, and at what "vitalsign doctor" says of it; it is used again by itself',
  'schema-newer': 'run the newer program that wrote this directory, or restore a backup',
  'signing-failed': 'look at the key backend; the certificate was abandoned',
  'store-full': 'free space on the disk of the data directory; serving goes on by itself',
  'store-unreachable': 'look at the database and its disk',
  'port-taken': 'choose another port, or end the program that listens on it',
  'backup-damaged': 'take another copy of the backup, or the backup before it',
  'backup-format-unknown': 'read it with the program that wrote it, or with a newer one',
  'backup-locked': 'give the identity that belongs to one of the recipients of the backup',
  'restore-unfinished': 'remove what was begun, and restore once more into an empty place',
  'store-differs':
    'move or restore into an empty database, or go on with the very store that was begun',
  'store-moved': 'start it with the database that it was moved to',
  'store-not-empty': 'name an empty directory or database; nothing was written',
} as const satisfies Record<string, string>

export type FaultCode = keyof typeof faults

/**
 * A break: thrown, logged with its cause, never told to a device.
 *
 * `message` is for the log: lower case, no full stop, no secret.
 */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  /** What to do about it. */
  get remedy(): string {
    return faults[this.code]
  }
}
