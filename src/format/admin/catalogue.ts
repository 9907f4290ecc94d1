// SPDX-License-Identifier: Apache-2.0
/** Made by scripts/write-catalogue.ts. */
import type { Room } from './load-operation.ts'
import type { DoorName, OperationKind } from './operation.ts'
import type { OperationName } from './operations.ts'

/** What lists of commands say of an operation, and the room that has its row. */
export interface CatalogueRow {
  readonly room: Room
  readonly kind: OperationKind
  /** Where it can be reached; absent: at every door. */
  readonly doors?: readonly DoorName[]
  readonly summary: string
}

/**
 * Every operation in the order of the table, without what it takes and answers.
 *
 * Made from the table, because a row there is a schema: whoever wants to know what there is would load all of them.
 */
export const catalogue: Readonly<Record<OperationName, CatalogueRow>> = {
  claim: {
    room: 'people',
    kind: 'plain',
    doors: ['operator', 'local'],
    summary: 'become the first administrator of this installation',
  },
  'claim-link': {
    room: 'people',
    kind: 'plain',
    doors: ['local'],
    summary: 'make a new claim link',
  },
  'sign-in': {
    room: 'people',
    kind: 'plain',
    doors: ['operator'],
    summary: 'sign in with name and passphrase',
  },
  'sign-out': {
    room: 'people',
    kind: 'plain',
    doors: ['operator'],
    summary: 'sign out',
  },
  whoami: {
    room: 'people',
    kind: 'plain',
    summary: 'show who you are here and what you may do',
  },
  'person.invite': {
    room: 'people',
    kind: 'plain',
    summary: 'invite a person',
  },
  'person.join': {
    room: 'people',
    kind: 'plain',
    doors: ['operator'],
    summary: 'take up an invitation',
  },
  'person.list': {
    room: 'people',
    kind: 'list',
    summary: 'list the people',
  },
  'person.remove': {
    room: 'people',
    kind: 'plain',
    summary: 'remove a person',
  },
  'machine.add': {
    room: 'people',
    kind: 'plain',
    summary: 'give a machine access to this API',
  },
  'machine.list': {
    room: 'people',
    kind: 'list',
    summary: 'list the machines that have or had access',
  },
  'machine.set-products': {
    room: 'people',
    kind: 'plain',
    summary: 'say for which products a signer is',
  },
  'machine.remove': {
    room: 'people',
    kind: 'plain',
    summary: "end a machine's access",
  },
  'build-trust.add': {
    room: 'builds',
    kind: 'plain',
    summary: 'let jobs of a build service hand in releases',
  },
  'build-trust.list': {
    room: 'builds',
    kind: 'list',
    summary: 'list the build services that are believed',
  },
  'build-trust.remove': {
    room: 'builds',
    kind: 'plain',
    summary: 'let such jobs in no more',
  },
  'build.sign-in': {
    room: 'builds',
    kind: 'plain',
    doors: ['machine'],
    summary: 'let a job in by its ID token',
  },
  'product.add': {
    room: 'devices',
    kind: 'plain',
    summary: 'add a product',
  },
  'product.list': {
    room: 'devices',
    kind: 'list',
    summary: 'list the products',
  },
  'product.show': {
    room: 'devices',
    kind: 'plain',
    summary: 'show a product and its doors',
  },
  'entrance.add': {
    room: 'devices',
    kind: 'plain',
    summary: 'open a further door for the devices of a product',
  },
  'device.add': {
    room: 'devices',
    kind: 'plain',
    summary: 'expect a device',
  },
  'device.import': {
    room: 'devices',
    kind: 'upload',
    summary: 'expect many devices, from a CSV file',
  },
  'device.list': {
    room: 'devices',
    kind: 'list',
    summary: 'list devices',
  },
  'device.show': {
    room: 'devices',
    kind: 'plain',
    summary: 'show a device, what it has and what happened to it',
  },
  'device.watch': {
    room: 'devices',
    kind: 'events',
    summary: 'watch a device arrive',
  },
  'device.rebind': {
    room: 'devices',
    kind: 'plain',
    summary: 'give a device a new board',
  },
  'device.allow-re-enrol': {
    room: 'devices',
    kind: 'plain',
    summary: 'let a device enrol once more',
  },
  'device.quarantine': {
    room: 'devices',
    kind: 'plain',
    summary: 'hold a device back until somebody has looked at it',
  },
  'device.release': {
    room: 'devices',
    kind: 'plain',
    summary: 'end the quarantine of a device',
  },
  'device.retire': {
    room: 'devices',
    kind: 'plain',
    summary: 'take a device out of service for ever',
  },
  'code.new': {
    room: 'devices',
    kind: 'plain',
    summary: 'make an enrolment code for a device',
  },
  'application.add': {
    room: 'applications',
    kind: 'plain',
    summary: 'register an application, and make its enrolment code',
  },
  'application.list': {
    room: 'applications',
    kind: 'list',
    summary: 'list the applications',
  },
  'application.show': {
    room: 'applications',
    kind: 'plain',
    summary: 'show an application and what happened to it',
  },
  'application.code': {
    room: 'applications',
    kind: 'plain',
    summary: 'make a new enrolment code for an application',
  },
  'application.remove': {
    room: 'applications',
    kind: 'plain',
    summary: 'end an application and revoke its certificates',
  },
  'device.endorse': {
    room: 'attestation',
    kind: 'plain',
    summary: 'expect this TPM of a device',
  },
  'device.attestation': {
    room: 'attestation',
    kind: 'plain',
    summary: 'show the TPM of a device, and what it proved',
  },
  'attestation.list': {
    room: 'attestation',
    kind: 'list',
    summary: 'list the proofs of where keys live',
  },
  'attestation.show': {
    room: 'attestation',
    kind: 'plain',
    summary: 'show a proof with the evidence that it was judged by',
  },
  'reference.add': {
    room: 'attestation',
    kind: 'plain',
    summary: 'say what the platforms of a product should measure',
  },
  'reference.list': {
    room: 'attestation',
    kind: 'list',
    summary: 'list the reference values',
  },
  'reference.withdraw': {
    room: 'attestation',
    kind: 'plain',
    summary: 'take reference values out of force',
  },
  'certificate.list': {
    room: 'certificates',
    kind: 'list',
    summary: 'list certificates',
  },
  'certificate.issue': {
    room: 'certificates',
    kind: 'plain',
    summary: 'have the certificate of a server signed',
  },
  'certificate.show': {
    room: 'certificates',
    kind: 'plain',
    summary: 'show a certificate and what happened to it',
  },
  'certificate.find': {
    room: 'certificates',
    kind: 'plain',
    summary: 'find out whose certificate this is',
  },
  'certificate.revoke': {
    room: 'certificates',
    kind: 'plain',
    summary: 'revoke a certificate',
  },
  'certificate.export': {
    room: 'certificates',
    kind: 'plain',
    summary: 'give out a certificate as a file',
  },
  'authority.list': {
    room: 'certificates',
    kind: 'list',
    summary: 'list the authorities',
  },
  'authority.show': {
    room: 'certificates',
    kind: 'plain',
    summary: 'show an authority',
  },
  'authority.export': {
    room: 'certificates',
    kind: 'plain',
    summary: "give out an authority's certificate as a file",
  },
  'authority.trust': {
    room: 'certificates',
    kind: 'plain',
    summary: 'accept birth certificates of a foreign authority',
  },
  'request.list': {
    room: 'requests',
    kind: 'list',
    summary: 'list the requests that a person decides on',
  },
  'request.show': {
    room: 'requests',
    kind: 'plain',
    summary: 'show a request and what it would lead to',
  },
  'request.approve': {
    room: 'requests',
    kind: 'plain',
    summary: 'say yes to a request that waits',
  },
  'request.refuse': {
    room: 'requests',
    kind: 'plain',
    summary: 'say no to a request that waits',
  },
  'registrar.add': {
    room: 'requests',
    kind: 'plain',
    summary: 'let a registrar enrol devices on their behalf',
  },
  'registrar.list': {
    room: 'requests',
    kind: 'list',
    summary: 'list the registrars',
  },
  'registrar.remove': {
    room: 'requests',
    kind: 'plain',
    summary: 'let a registrar speak for nobody any more',
  },
  'proxy.add': {
    room: 'requests',
    kind: 'plain',
    summary: 'believe a proxy about whose certificate it saw',
  },
  'proxy.list': {
    room: 'requests',
    kind: 'list',
    summary: 'list the proxies that are believed',
  },
  'proxy.remove': {
    room: 'requests',
    kind: 'plain',
    summary: 'believe a proxy no more',
  },
  'authority.import': {
    room: 'adoption',
    kind: 'plain',
    doors: ['local'],
    summary: 'take over an authority of another PKI with its key',
  },
  'certificate.import': {
    room: 'adoption',
    kind: 'upload',
    summary: 'take over what another PKI issued and revoked',
  },
  'profile.list': {
    room: 'profiles',
    kind: 'list',
    summary: 'list the versions of profiles',
  },
  'profile.show': {
    room: 'profiles',
    kind: 'plain',
    summary: 'show a profile',
  },
  'profile.check': {
    room: 'profiles',
    kind: 'plain',
    summary: 'check a profile document without applying it',
  },
  'profile.diff': {
    room: 'profiles',
    kind: 'plain',
    summary: 'show what a profile document would change',
  },
  'profile.apply': {
    room: 'profiles',
    kind: 'plain',
    summary: 'put a profile document in force',
  },
  'backup.make': {
    room: 'backup',
    kind: 'lines',
    doors: ['local'],
    summary: 'make a backup while serving',
  },
  'backup.list': {
    room: 'backup',
    kind: 'list',
    summary: 'list the backups that were made',
  },
  'backup.report': {
    room: 'backup',
    kind: 'plain',
    summary: 'tell what restores did',
  },
  'backup.note-drill': {
    room: 'backup',
    kind: 'plain',
    summary: 'book the result of a restore drill',
  },
  'backup.learn-crl': {
    room: 'backup',
    kind: 'plain',
    summary: 'revoke anew what a list of the lost time lists',
  },
  'log.heads': {
    room: 'backup',
    kind: 'list',
    summary: 'list the heads that the log does not continue',
  },
  'log.add-head': {
    room: 'backup',
    kind: 'plain',
    summary: 'keep a checkpoint of the time that a restore lost',
  },
  'log.show': {
    room: 'house',
    kind: 'list',
    summary: 'show the log',
  },
  'log.verify': {
    room: 'house',
    kind: 'plain',
    summary: 'verify the log against the ledger',
  },
  'log.export': {
    room: 'house',
    kind: 'lines',
    summary: 'give out the whole log as a file',
  },
  status: {
    room: 'house',
    kind: 'plain',
    summary: 'show how the installation is',
  },
  doctor: {
    room: 'house',
    kind: 'plain',
    summary: 'look for what is wrong or missing',
  },
  explain: {
    room: 'house',
    kind: 'plain',
    summary: 'say what a word or a refusal means and what to do',
  },
  'report.credentials': {
    room: 'reports',
    kind: 'plain',
    summary: 'tell the life of every type of credential',
  },
  'qualify.installation': {
    room: 'qualification',
    kind: 'lines',
    summary: 'check what this installation is (IQ)',
  },
  'qualify.operation': {
    room: 'qualification',
    kind: 'lines',
    summary: 'check what this installation does (OQ)',
  },
  'qualify.check': {
    room: 'qualification',
    kind: 'plain',
    summary: 'check the signature of a qualification result',
  },
  'node.list': {
    room: 'nodes',
    kind: 'list',
    summary: 'list the servers of this installation',
  },
  'authority.twin': {
    room: 'twin',
    kind: 'plain',
    doors: ['local'],
    summary: 'make a twin that withstands quantum computers',
  },
  'status-file.list': {
    room: 'status-files',
    kind: 'list',
    summary: 'list the files that tell of every certificate',
  },
  'status-file.make': {
    room: 'status-files',
    kind: 'plain',
    summary: 'make and sign the next file now',
  },
  'status-file.look-up': {
    room: 'status-files',
    kind: 'plain',
    summary: 'tell what the newest files say of a certificate',
  },
  'status-file.verify': {
    room: 'status-files',
    kind: 'plain',
    summary: 'hold the newest files against the ledger',
  },
  'authority.request': {
    room: 'roots',
    kind: 'plain',
    doors: ['local'],
    summary: 'make a key and a request for an authority',
  },
  'authority.requests': {
    room: 'roots',
    kind: 'list',
    summary: 'list the requests for authorities',
  },
  'authority.withdraw': {
    room: 'roots',
    kind: 'plain',
    doors: ['local'],
    summary: 'give up a request for an authority',
  },
  'authority.install': {
    room: 'roots',
    kind: 'plain',
    doors: ['local'],
    summary: 'take the certificate of a requested authority',
  },
  'authority.crl': {
    room: 'roots',
    kind: 'plain',
    summary: 'bring a revocation list that was signed elsewhere',
  },
  'ceremony.import': {
    room: 'ceremony',
    kind: 'plain',
    doors: ['local'],
    summary: 'take what a ceremony made',
  },
  'ceremony.list': {
    room: 'ceremony',
    kind: 'list',
    summary: 'list the ceremonies that were imported',
  },
  'ceremony.show': {
    room: 'ceremony',
    kind: 'plain',
    summary: 'show a ceremony with its transcript',
  },
  'ceremony.export': {
    room: 'ceremony',
    kind: 'plain',
    summary: 'give out the bundle of a ceremony',
  },
  'upstream.add': {
    room: 'upstreams',
    kind: 'plain',
    doors: ['local'],
    summary: 'have profiles signed by the authority of somebody else',
  },
  'upstream.list': {
    room: 'upstreams',
    kind: 'list',
    summary: 'list who else signs for profiles',
  },
  'upstream.show': {
    room: 'upstreams',
    kind: 'plain',
    summary: 'show an upstream',
  },
  'upstream.test': {
    room: 'upstreams',
    kind: 'plain',
    summary: 'reach an upstream and show what it says',
  },
  'upstream.credential': {
    room: 'upstreams',
    kind: 'plain',
    doors: ['local'],
    summary: 'prove this server by another certificate',
  },
  'upstream.remove': {
    room: 'upstreams',
    kind: 'plain',
    summary: 'forget an upstream',
  },
  'upstream.orders': {
    room: 'upstreams',
    kind: 'list',
    summary: 'list what upstreams were asked for',
  },
  'vendor-root.import': {
    room: 'vendors',
    kind: 'upload',
    summary: "import a list of chip makers' authorities",
  },
  'vendor-root.list': {
    room: 'vendors',
    kind: 'list',
    summary: "list the chip makers' authorities",
  },
  'vendor-root.bundles': {
    room: 'vendors',
    kind: 'list',
    summary: 'list the imported lists of authorities',
  },
  'vendor-root.remove': {
    room: 'vendors',
    kind: 'plain',
    summary: "end the trust in a chip maker's authority",
  },
  'certificate.verify': {
    room: 'verification',
    kind: 'plain',
    summary: 'ask whether to believe a certificate',
  },
  'authority.new-root': {
    room: 'rollover',
    kind: 'plain',
    doors: ['local'],
    summary: 'make the root that follows the one in use',
  },
  'authority.link': {
    room: 'rollover',
    kind: 'plain',
    doors: ['local'],
    summary: 'bring links between two roots, signed elsewhere',
  },
  'authority.what-if': {
    room: 'rollover',
    kind: 'plain',
    summary: 'tell what would break if an authority ended now',
  },
  'authority.retire': {
    room: 'rollover',
    kind: 'plain',
    summary: 'end an authority and all below it, for ever',
  },
  'anchor.list': {
    room: 'rollover',
    kind: 'list',
    summary: 'list the sets of roots that devices are to believe',
  },
  'anchor.show': {
    room: 'rollover',
    kind: 'plain',
    summary: 'show which roots the devices of a product have been given',
  },
  'revocation.preview': {
    room: 'revocations',
    kind: 'plain',
    summary: 'tell what would stop working if trust ended',
  },
  'revocation.end': {
    room: 'revocations',
    kind: 'plain',
    summary: 'end trust in all that is chosen, for good',
  },
  'revocation.hold': {
    room: 'revocations',
    kind: 'plain',
    summary: 'suspend trust in all that is chosen',
  },
  'revocation.release': {
    room: 'revocations',
    kind: 'plain',
    summary: 'give back what was suspended',
  },
  'revocation.list': {
    room: 'revocations',
    kind: 'list',
    summary: 'list the acts that ended, suspended or restored trust',
  },
  'revocation.show': {
    room: 'revocations',
    kind: 'plain',
    summary: 'show when and how trust ended: the proof',
  },
  'revocation.approve': {
    room: 'revocations',
    kind: 'plain',
    summary: 'agree to an act that waits for a second person',
  },
  'revocation.refuse': {
    room: 'revocations',
    kind: 'plain',
    summary: 'refuse an act that waits',
  },
  'revocation.withdraw': {
    room: 'revocations',
    kind: 'plain',
    summary: 'take back what you asked for and that waits',
  },
  'revocation.limit': {
    room: 'revocations',
    kind: 'plain',
    summary: 'set for how many devices one person suffices',
  },
  'revocation.show-limit': {
    room: 'revocations',
    kind: 'plain',
    summary: 'show for how many devices one person suffices',
  },
  'revocation.approve-limit': {
    room: 'revocations',
    kind: 'plain',
    summary: 'agree to a higher limit that waits',
  },
  'revocation.refuse-limit': {
    room: 'revocations',
    kind: 'plain',
    summary: 'refuse a higher limit that waits',
  },
  'authority.revoke': {
    room: 'revocations',
    kind: 'plain',
    summary: 'revoke the certificate of an issuing authority',
  },
  'element.import': {
    room: 'elements',
    kind: 'upload',
    summary: 'make secure elements known by a signed manifest',
  },
  'element.add': {
    room: 'elements',
    kind: 'plain',
    summary: "make a secure element known by its maker's certificate",
  },
  'element.assign': {
    room: 'elements',
    kind: 'upload',
    summary: 'say which elements are in which devices, by a CSV file',
  },
  'element.bind': {
    room: 'elements',
    kind: 'plain',
    summary: 'say in which device a secure element is',
  },
  'element.list': {
    room: 'elements',
    kind: 'list',
    summary: 'list the secure elements',
  },
  'key.list': {
    room: 'keys',
    kind: 'list',
    summary: 'list public keys, and how they were made',
  },
  'key.show': {
    room: 'keys',
    kind: 'plain',
    summary: 'show a public key, and how it was made',
  },
  'key.owners': {
    room: 'scans',
    kind: 'plain',
    summary: 'say whose keys these are',
  },
  'scan.list': {
    room: 'scans',
    kind: 'list',
    summary: 'list scans, the newest first',
  },
  'scan.show': {
    room: 'scans',
    kind: 'plain',
    summary: 'show a scan with what it found',
  },
  'scan.record': {
    room: 'scans',
    kind: 'plain',
    summary: 'note a scan that was made elsewhere',
  },
  'scan.send': {
    room: 'scans',
    kind: 'upload',
    summary: 'have the server scan an image',
  },
  'signing-key.make': {
    room: 'signing-keys',
    kind: 'plain',
    summary: 'make a key that signs artefacts of a product',
  },
  'signing-key.list': {
    room: 'signing-keys',
    kind: 'list',
    summary: 'list the keys that sign artefacts',
  },
  'signing-key.show': {
    room: 'signing-keys',
    kind: 'plain',
    summary: 'show a signing key and its certificates',
  },
  'signing-key.promote': {
    room: 'signing-keys',
    kind: 'plain',
    summary: 'let a key sign that devices have learnt',
  },
  'signing-key.step-down': {
    room: 'signing-keys',
    kind: 'plain',
    summary: 'have a key sign beside the next one only',
  },
  'signing-key.retire': {
    room: 'signing-keys',
    kind: 'plain',
    summary: 'take a signing key out of use',
  },
  'signing-key.revoke': {
    room: 'signing-keys',
    kind: 'plain',
    summary: 'report a signing key as stolen',
  },
  'signing-key.export-anchors': {
    room: 'signing-keys',
    kind: 'plain',
    summary: 'write anchors for bootloaders',
  },
  'signing-plan.show': {
    room: 'signing-keys',
    kind: 'plain',
    summary: 'show how artefacts of a product are signed',
  },
  'signing-plan.apply': {
    room: 'signing-keys',
    kind: 'plain',
    summary: 'write down how artefacts of a product are signed',
  },
  'installed.list': {
    room: 'rotations',
    kind: 'list',
    summary: 'list what devices say that they run and believe',
  },
  'installed.show': {
    room: 'rotations',
    kind: 'plain',
    summary: 'count what devices of a product run and believe',
  },
  'rotation.begin': {
    room: 'rotations',
    kind: 'plain',
    summary: 'begin to replace a signing key',
  },
  'rotation.list': {
    room: 'rotations',
    kind: 'list',
    summary: 'list how signing keys follow each other',
  },
  'rotation.show': {
    room: 'rotations',
    kind: 'plain',
    summary: 'show how far a rotation is, and what it waits for',
  },
  'rotation.carry': {
    room: 'rotations',
    kind: 'plain',
    summary: 'name the release that brings the new key to devices',
  },
  'rotation.advance': {
    room: 'rotations',
    kind: 'plain',
    summary: 'do what is due in a rotation',
  },
  'rotation.skip': {
    room: 'rotations',
    kind: 'plain',
    summary: 'pass over a step of a rotation',
  },
  'rotation.give-up': {
    room: 'rotations',
    kind: 'plain',
    summary: 'give a rotation up',
  },
  'signing-key.what-if': {
    room: 'rotations',
    kind: 'plain',
    summary: 'show what breaks when a signing key ends',
  },
  'key-ending.ask': {
    room: 'rotations',
    kind: 'plain',
    summary: 'end a signing key that devices depend on',
  },
  'key-ending.list': {
    room: 'rotations',
    kind: 'list',
    summary: 'list keys that were to end though needed',
  },
  'key-ending.approve': {
    room: 'rotations',
    kind: 'plain',
    summary: 'agree that a needed signing key ends',
  },
  'key-ending.refuse': {
    room: 'rotations',
    kind: 'plain',
    summary: 'refuse that a signing key ends',
  },
  'release.sign': {
    room: 'signing',
    kind: 'lines',
    summary: 'sign an approved release',
  },
  'release.sign-digest': {
    room: 'signing',
    kind: 'plain',
    summary: 'sign the digest of an artefact of a release',
  },
  'release.time-stamp': {
    room: 'signing',
    kind: 'plain',
    summary: 'give the time-stamp over what was signed',
  },
  'artefact.upload': {
    room: 'artefacts',
    kind: 'plain',
    summary: 'upload an artefact, and go on where it was cut off',
  },
  'artefact.progress': {
    room: 'artefacts',
    kind: 'plain',
    summary: 'say how far an upload is',
  },
  'artefact.append': {
    room: 'artefacts',
    kind: 'append',
    summary: 'add octets to an upload',
  },
  'artefact.abandon': {
    room: 'artefacts',
    kind: 'plain',
    summary: 'give an upload up',
  },
  'artefact.list': {
    room: 'artefacts',
    kind: 'list',
    summary: 'list the octets that are kept',
  },
  'artefact.download': {
    room: 'artefacts',
    kind: 'octets',
    summary: 'fetch octets by their digest',
  },
  'builder-key.add': {
    room: 'builder-keys',
    kind: 'plain',
    summary: 'believe what a build service signs',
  },
  'builder-key.list': {
    room: 'builder-keys',
    kind: 'list',
    summary: 'list the build services that are believed',
  },
  'builder-key.remove': {
    room: 'builder-keys',
    kind: 'plain',
    summary: 'believe a build service no more',
  },
  'release.create': {
    room: 'releases',
    kind: 'plain',
    summary: 'begin a release',
  },
  'release.list': {
    room: 'releases',
    kind: 'list',
    summary: 'list releases, the newest first',
  },
  'release.show': {
    room: 'releases',
    kind: 'plain',
    summary: 'show the whole story of a release',
  },
  'release.manifest': {
    room: 'releases',
    kind: 'plain',
    summary: 'show the text that is approved and signed',
  },
  'release.edit': {
    room: 'releases',
    kind: 'plain',
    summary: 'change what a release says of itself',
  },
  'release.attach': {
    room: 'releases',
    kind: 'plain',
    summary: 'attach an artefact or a document that belongs to it',
  },
  'release.attach-test': {
    room: 'releases',
    kind: 'plain',
    summary: 'attach the outcome of a test',
  },
  'release.detach': {
    room: 'releases',
    kind: 'plain',
    summary: 'take a part away from a release',
  },
  'release.gaps': {
    room: 'releases',
    kind: 'lines',
    summary: 'say what the lists of components leave out',
  },
  'release.scan': {
    room: 'releases',
    kind: 'lines',
    summary: 'scan the artefacts of a release here',
  },
  'release.download': {
    room: 'releases',
    kind: 'octets',
    summary: 'fetch a file of a release by its name',
  },
  'release.submit': {
    room: 'releases',
    kind: 'plain',
    summary: 'put a release forward to be approved',
  },
  'release.withdraw': {
    room: 'releases',
    kind: 'plain',
    summary: 'end a release for good',
  },
  'release.publish': {
    room: 'releases',
    kind: 'plain',
    summary: 'give a signed release to devices',
  },
  'key.policy': {
    room: 'key-policy',
    kind: 'plain',
    summary: 'show what is done about a key in other hands',
  },
  'key.set-policy': {
    room: 'key-policy',
    kind: 'plain',
    summary: 'decide what is done about a key in other hands',
  },
  'alarm.list': {
    room: 'watch',
    kind: 'list',
    summary: 'list the alarms',
  },
  'alarm.acknowledge': {
    room: 'watch',
    kind: 'plain',
    summary: 'say that you have seen an alarm and take care',
  },
  'notification.add': {
    room: 'watch',
    kind: 'plain',
    summary: 'add a target that is told of alarms',
  },
  'notification.list': {
    room: 'watch',
    kind: 'list',
    summary: 'list who is told of alarms',
  },
  'notification.remove': {
    room: 'watch',
    kind: 'plain',
    summary: 'tell a target nothing more',
  },
  'notification.test': {
    room: 'watch',
    kind: 'plain',
    summary: 'send a test to a target',
  },
  'notification.key': {
    room: 'watch',
    kind: 'plain',
    summary: 'show the public key that webhooks are signed with',
  },
  'delivery.list': {
    room: 'watch',
    kind: 'list',
    summary: 'list the messages that were sent, or wait',
  },
  'renewal.order': {
    room: 'watch',
    kind: 'plain',
    summary: 'have devices renew now, spread over a window',
  },
  'renewal.list': {
    room: 'watch',
    kind: 'list',
    summary: 'list the renewal orders',
  },
  'renewal.show': {
    room: 'watch',
    kind: 'plain',
    summary: 'show how far a renewal order has come',
  },
  'renewal.end': {
    room: 'watch',
    kind: 'plain',
    summary: 'end a renewal order',
  },
  'authority.issue': {
    room: 'watch',
    kind: 'plain',
    doors: ['local'],
    summary: 'make a further issuing authority under the root',
  },
  'authority.succeed': {
    room: 'watch',
    kind: 'plain',
    doors: ['local'],
    summary: 'move the role of an issuing authority to a new key',
  },
  'authority.stop': {
    room: 'watch',
    kind: 'plain',
    summary: 'stop an authority from issuing, and move its doors',
  },
  'person.restore': {
    room: 'watch',
    kind: 'plain',
    doors: ['local'],
    summary: 'make a new way in to an account, at the machine itself',
  },
  'finding.list': {
    room: 'keywatch',
    kind: 'list',
    summary: 'list what was found out about keys of the fleet',
  },
  'finding.show': {
    room: 'keywatch',
    kind: 'plain',
    summary: 'show a finding, who shares its cause, and what to do',
  },
  'finding.dismiss': {
    room: 'keywatch',
    kind: 'plain',
    summary: 'accept a finding, and say why',
  },
  'keywatch.show': {
    room: 'keywatch',
    kind: 'plain',
    summary: 'show how far the watch over all keys is',
  },
  'keywatch.run': {
    room: 'keywatch',
    kind: 'lines',
    summary: 'test the keys of the fleet now',
  },
  'keywatch.pause': {
    room: 'keywatch',
    kind: 'plain',
    summary: 'pause the watch over all keys',
  },
  'keywatch.resume': {
    room: 'keywatch',
    kind: 'plain',
    summary: 'have the watch over all keys go on',
  },
  'integration.add': {
    room: 'integrations',
    kind: 'plain',
    summary: 'end sessions at a broker or program from now on',
  },
  'integration.list': {
    room: 'integrations',
    kind: 'list',
    summary: 'list where sessions end with their trust',
  },
  'integration.show': {
    room: 'integrations',
    kind: 'plain',
    summary: 'show an integration',
  },
  'integration.test': {
    room: 'integrations',
    kind: 'plain',
    summary: 'reach an integration and show whether it would obey',
  },
  'integration.retry': {
    room: 'integrations',
    kind: 'plain',
    summary: 'try at once what failed at an integration',
  },
  'integration.sync': {
    room: 'integrations',
    kind: 'plain',
    summary: 'tell an integration anew of all that has ended',
  },
  'integration.remove': {
    room: 'integrations',
    kind: 'plain',
    summary: 'end no sessions at an integration any more',
  },
  'enforcement.list': {
    room: 'integrations',
    kind: 'list',
    summary: 'list what integrations were told, and confirmed',
  },
  'signing-policy.show': {
    room: 'signing-policies',
    kind: 'plain',
    summary: 'show what releases need to be signed',
  },
  'signing-policy.set': {
    room: 'signing-policies',
    kind: 'plain',
    summary: 'change what releases need to be signed',
  },
  'signing-policy.list': {
    room: 'signing-policies',
    kind: 'list',
    summary: 'list the signing policies that a product had',
  },
  'signing-policy.approve': {
    room: 'signing-policies',
    kind: 'plain',
    summary: 'agree to a signing policy that asks less',
  },
  'signing-policy.refuse': {
    room: 'signing-policies',
    kind: 'plain',
    summary: 'refuse a signing policy that waits',
  },
  'approver.register': {
    room: 'approvers',
    kind: 'plain',
    summary: 'register the key by which you will approve',
  },
  'approver.list': {
    room: 'approvers',
    kind: 'list',
    summary: 'list the keys by which people approve',
  },
  'approver.confirm': {
    room: 'approvers',
    kind: 'plain',
    summary: "confirm that a key is a person's",
  },
  'approver.end': {
    room: 'approvers',
    kind: 'plain',
    summary: 'end a key by which a person approved',
  },
  'release.judge': {
    room: 'approvals',
    kind: 'plain',
    summary: 'say what a release still needs to be signed',
  },
  'release.preview': {
    room: 'approvals',
    kind: 'plain',
    summary: 'show what an approval would be about',
  },
  'release.approve': {
    room: 'approvals',
    kind: 'plain',
    summary: 'agree to a release, by your own signature',
  },
  'release.refuse': {
    room: 'approvals',
    kind: 'plain',
    summary: 'refuse a release, by your own signature',
  },
  'release.review-emergency': {
    room: 'approvals',
    kind: 'plain',
    summary: 'agree afterwards to what one approved',
  },
  'release.approvals': {
    room: 'approvals',
    kind: 'plain',
    summary: 'what people signed, for a check without us',
  },
}
