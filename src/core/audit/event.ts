// SPDX-License-Identifier: Apache-2.0
export const actorKinds = [
  ...(['person', 'device', 'application', 'machine', 'job', 'house', 'stranger'] as const),
] as const

/** Who did something: a person, a device, an application, a machine, a job, or the house itself. */
export type Actor = {
  readonly kind: (typeof actorKinds)[number]
  /** The id or name; an address for a stranger. */
  readonly id: string
}

/**
 * Something that happened and matters to trust; written in the same commit as what it tells of.
 *
 * It has no index: the sequencer gives it one. `facts` are small, plain and never secret.
 */
export interface AuditEvent {
  readonly type: EventType
  readonly at: Temporal.Instant
  readonly actor: Actor
  /** Ids of the records concerned, most specific first. */
  readonly subjects: readonly string[]
  readonly facts: Readonly<Record<string, string | number | boolean | null>>
}

/** Every type of event, with the plain words that a reader of the log sees. */
export const eventTypes = {
  'installation-founded': 'the installation was made',
  'server-started': 'the server started',
  'server-stopped': 'the server stopped',
  'configuration-read': 'the configuration file was read',
  'tls-settings-changed': 'a server started with other TLS settings than before',
  'authority-adopted': 'an authority of another PKI was taken over with its key',
  'authority-installed': 'an authority whose certificate was signed elsewhere was taken',
  'authority-made': 'an authority was made',
  'authority-request-withdrawn': 'a request for an authority was given up',
  'authority-requested':
    'the key of an authority was made, and its certificate asked for elsewhere',
  'authority-trusted': 'a foreign authority was registered',
  'ceremony-imported': 'the outcome of a ceremony was taken',
  'ceremony-incident': 'something was refused or stopped in a ceremony, as its transcript tells',
  'ceremony-refused': 'the outcome of a ceremony was not taken',
  'certificate-adopted': 'a certificate of another PKI was taken over',
  'certificate-issued': 'a certificate was issued',
  'certificate-abandoned': 'a certificate whose signing was cut off was abandoned and revoked',
  'certificate-revoked': 'a certificate was revoked',
  'certificate-held': 'a certificate was suspended until it is released',
  'certificate-released': 'a suspended certificate is believed again',
  'certificate-retired': 'a certificate was replaced and retired',
  'certificate-first-used': 'a new certificate proved itself in a live connection',
  'crl-published': 'a certificate revocation list was published',
  'status-file-made': 'a status file for those who cannot ask was made',
  'request-approved': 'a person approved a request that waited',
  'request-expired': 'a request that waited was not decided in time',
  'revocation-requested': 'an act that ends or suspends trust was asked for',
  'revocation-approved': 'a person approved an act that ends or suspends trust',
  'revocation-refused': 'an act that ends or suspends trust was refused',
  'revocation-withdrawn': 'an act that ends or suspends trust was withdrawn by who asked for it',
  'revocation-effective': 'an act that ends, suspends or restores trust is in force',
  'revocation-published': 'all that is published tells of an act that ends or restores trust',
  'revocation-released': 'nothing is suspended any more by an act that suspended trust',
  'revocation-limit-changed': 'the number of devices whose trust one person may end alone changed',
  'revocation-adopted': 'a revocation of another PKI was taken over',
  'qualification-run': 'the installation or its operation was qualified',
  'request-refused': 'a request was refused',
  'request-turned-down': 'a person turned a waiting request down',
  'request-waiting': 'a request waits for a decision',
  'requests-refused': 'requests were refused and counted without detail',
  'element-added': 'a secure element was made known by the certificate of its maker',
  'element-bound': 'it became known in which device a secure element is',
  'elements-imported': 'secure elements were made known by a signed manifest',
  'vendor-bundle-imported': "a list of makers' authorities was imported",
  'vendor-roots-added': "makers' authorities are believed or known from now on",
  'vendor-roots-dropped': "makers' authorities are in no list any more and ended",
  'vendor-root-withdrawn': "a person ended the trust in a maker's authority",
  'attestation-begun': 'a device began to prove its TPM',
  'key-attested': 'a TPM, or the maker of an element, vouched for a key',
  'tpm-bound': 'a TPM was bound to a device at their first contact',
  'tpm-conflict': 'a TPM that is not expected of a device was shown for it',
  'tpm-expected': 'a TPM was registered for a device',
  'tpm-replaced': 'a TPM was replaced by another and is not accepted any more',
  'tpm-seen': 'a TPM that the factory registered proved itself for the first time',
  'tpm-taken-back': 'a TPM that was replaced is accepted of its device again',
  'reference-added': 'reference values of a product were added',
  'reference-withdrawn': 'reference values of a product were withdrawn',
  'key-conflict': 'a key that has another owner was presented',
  'key-weakness-found': 'a key of ours was found to be weak',
  'key-finding-acted': 'what a weak key had is not believed any more',
  'key-finding-dismissed': 'a person accepted what was found out about a key',
  'keys-watched': 'keys of the fleet were tested, and with which tests',
  'keywatch-paused': 'the watch over the keys of the fleet was paused',
  'keywatch-resumed': 'the watch over the keys of the fleet goes on',
  'party-added': 'a party was added',
  'product-added': 'a product was added',
  'device-added': 'a device was added',
  'devices-imported': 'devices were imported',
  'device-rebound': 'a device was given a new board',
  'device-re-enrolment-allowed': 'a device was allowed to enrol again',
  'device-retired': 'a device was retired',
  'device-quarantined': 'a device was put in quarantine',
  'device-released': 'a device was released from quarantine',
  'device-activated': 'a device became active',
  'code-made': 'an enrolment code was made',
  'proxy-added': 'a proxy was registered',
  'proxy-removed': 'a proxy was removed',
  'registrar-added': 'a registrar was registered',
  'registrar-removed': 'a registrar was removed',
  'profile-applied': 'a profile version took effect',
  'entrance-opened': 'an entrance was opened',
  'claim-link-made': 'a link to claim the installation was made',
  'person-claimed': 'the installation was claimed by its first administrator',
  'person-invited': 'a person was invited',
  'person-joined': 'a person took up an account',
  'person-removed': 'a person was removed',
  'person-signed-in': 'a person signed in',
  'person-signed-out': 'a person signed out',
  'sign-in-refused': 'a sign-in was refused',
  'machine-added': 'a machine was given access',
  'machine-removed': "a machine's access was removed",
  'application-added': 'an application was added',
  'application-code-made': 'an enrolment code for an application was made',
  'application-removed': 'an application was removed',
  'job-failed': 'a job failed',
  'backup-made': 'a backup was made',
  'installation-restored': 'the installation was restored from a backup, and a new epoch began',
  'certificate-learnt': 'a certificate of the time that a restore lost was learnt from its device',
  'revocation-learnt': 'a revocation of the time that a restore lost was learnt from its list',
  'log-head-added': 'a head of the log from the time that a restore lost was kept',
  'restore-drilled': 'a backup was restored for trial',
  'store-moved': 'the store was moved to another database',
  'enforcement-confirmed': 'an integration confirmed that sessions ended, or may begin again',
  'enforcement-given-up': 'it was given up to tell an integration whose sessions are to end',
  'integration-added': 'a place where sessions end with their trust was added',
  'integration-removed': 'sessions are ended at an integration no more',
  'integration-retried': 'what had failed at an integration was taken up anew',
  'integration-synced': 'an integration was to be told anew of all that has ended',
  'alarm-raised': 'an alarm was raised',
  'alarm-cleared': 'the cause of an alarm is gone',
  'alarm-acknowledged': 'somebody has seen an alarm and takes care',
  'notification-target-added': 'a target of notifications was added',
  'notification-target-removed': 'a target of notifications was removed',
  'person-restored': 'somebody at the machine itself made a new way in to an account',
  'renewal-ordered': 'devices were ordered to renew before their time',
  'renewal-order-ended': 'a renewal order was ended',
  'authority-stopped': 'an authority was stopped from issuing',
  'authority-retired': 'an authority was ended for ever',
  'anchor-set-made': 'the roots that devices of a product are to believe changed',
  'anchors-given': 'a device was given the roots that it is to believe',
  'root-linked': 'a root vouched for the key of another of its name',
  'root-followed': 'a root got its successor',
  'upstream-added': 'an upstream was registered',
  'upstream-changed':
    'an upstream was given another credential, or new authorities of it were accepted',
  'upstream-removed': 'an upstream was removed',
  'upstream-waiting': 'an upstream said that it works on a request',
  'upstream-turned-down': 'an upstream said no to a request',
  'upstream-answer-refused': 'an upstream answered with a certificate that was not approved',
  'upstream-not-reached': 'a request was given up that its upstream never heard of',
  'upstream-outcome-unknown': 'a request was given up that its upstream may have answered',
  'upstream-revocation-asked': 'an upstream was asked to revoke a certificate',
} as const satisfies Record<string, string>

export type EventType = keyof typeof eventTypes
