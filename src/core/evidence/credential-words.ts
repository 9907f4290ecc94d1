// SPDX-License-Identifier: Apache-2.0
/**
 * How each type of credential lives: what FDA's premarket guidance (2026-02-03, appendix 2) asks to
 * be told of it. What profiles and the ledger decide stands in credential-report.ts; what the house
 * itself decides stands here, one row a type.
 */

/** The life of one type of credential, in sentences that a reviewer reads without the source. */
export interface CredentialLife {
  /** Plain name, as in docs/words.md. */
  readonly type: string
  /** What the standards call it. */
  readonly standard: string
  /** Who or what proves itself with it. */
  readonly holder: string
  readonly generated: string
  /** Where it rests, and how it is protected there. */
  readonly stored: string
  /** How, and by whom, its properties are chosen. */
  readonly configured: string
  /** How it gets from where it is made to where it is used. */
  readonly transferred: string
  /** Where, and against what, it is checked. */
  readonly verified: string
  readonly validity: string
  readonly renewed: string
  readonly revoked: string
  readonly destroyed: string
}

const sealed =
  'in a file of its own (or a row of the shared database), AES-256-GCM under a key that Argon2id (RFC 9106, 64 MiB, 3 passes) derives from the passphrase of the keys; in memory while the server runs'
const hashed =
  'SHA-256 of it, in the database; it has over 100 bits of chance, so a guess is hopeless'
const byProfile =
  'the profile of its entrance, versioned; each limit names its reason; every change is in the log'
const onList =
  'by a person with a reason, on the next revocation list, and at once at every door of this server'

/** Device certificates; what the profile says is filled in by the report. */
export const deviceLives = {
  birth: {
    type: 'birth identity',
    standard: 'IDevID, IEEE 802.1AR-2018',
    holder: 'a device',
    generated:
      'by the device, key and request (PKCS #10); possession is proved by the request itself',
    stored:
      'private key in the device (its class is recorded); certificate in the device and in the ledger',
    configured: byProfile,
    transferred:
      'the private key never leaves the device; request and certificate over EST (RFC 7030), TLS 1.2 or later',
    verified:
      'by this server at enrolment: exact bytes in the ledger, state of device and key; a foreign one by RFC 5280 path validation to a registered authority',
    renewed: 'never; it asks for working identities only',
    revoked: 'by a person with a reason; it is refused at enrolment from that moment',
    destroyed: 'with the device: "device retire" ends every certificate of it',
  },
  working: {
    type: 'working identity',
    standard: 'LDevID, IEEE 802.1AR-2018; X.509, RFC 5280',
    holder: 'a device',
    generated:
      'by the device, key and request (PKCS #10); possession is proved by the request itself',
    stored:
      'private key in the device (its class is recorded); certificate in the device and in the ledger',
    configured: byProfile,
    transferred:
      'the private key never leaves the device; request and certificate over EST (RFC 7030), TLS 1.2 or later',
    verified:
      'by this server at renewal and by every application that the device speaks to: path to the root, time, purpose, revocation list',
    renewed: 'by the device itself over EST, authenticated by the certificate that it renews',
    revoked: onList,
    destroyed:
      'the device overwrites its key after a rekey; "device retire" ends every certificate of it',
  },
} as const satisfies Record<string, Omit<CredentialLife, 'validity'>>

/** What came with an authority of another PKI. */
export const adoptedLife = {
  ...deviceLives.working,
  type: 'identity from another PKI',
  generated: 'by that PKI and its devices; how each key was made was not told',
  stored:
    'private key where the device has it (its class is not known here); certificate in the device and in the ledger',
  configured: 'by that PKI',
  transferred: 'the certificate from the list of that PKI, each signature checked',
  validity: 'as each certificate says',
  renewed:
    'a working one by its device over EST, under a profile of this installation, by the name that it has',
  revoked: 'by a person with a reason, on the full list of its authority, which is made here',
} as const satisfies CredentialLife

/** Of an authority that came from there. */
export const adoptedAuthority = {
  generated: 'by another PKI, from which it was taken over',
  configured: 'by that PKI; here, whether it goes on issuing',
  transferred:
    'the key came once, from a file over the socket of the owner, and was sealed here; the certificate by /cacerts and /ca',
} as const

/** Authorities, by what they sign. */
export const authorityLives = {
  root: {
    type: 'root authority',
    standard: 'trust anchor, RFC 5280 section 6.1.1',
    holder: 'the maker',
    generated:
      'by this server, at its first start or when a person asks for a twin, in a directory of its own that can be taken away',
    stored: `${sealed}; its directory belongs off the machine`,
    configured: 'when it is made, once',
    transferred:
      'the key never leaves; the certificate by /cacerts and /ca, checked by the fingerprint that the server prints',
    verified: 'by devices and applications, as their anchor',
    renewed: 'not by itself: a new root is rolled out before the old one ends',
    revoked: 'it is taken out of the anchor sets; a root is on no list',
    destroyed: 'by destroying its directory and its copies',
  },
  issuing: {
    type: 'issuing authority',
    standard: 'CA certificate, RFC 5280',
    holder: 'the maker',
    generated:
      'by this server, at its first start or when a person asks for another, certified by the root',
    stored: sealed,
    configured: 'when it is made, once; afterwards what it may issue is the matter of profiles',
    transferred: 'the key never leaves; the certificate by /cacerts and /ca',
    verified: 'by devices and applications, on the path to the root',
    renewed: 'by a new authority beside it; it stops issuing years before it ends',
    revoked:
      'by a person with a reason, on the list of the root; it issues nothing more from that moment',
    destroyed: 'with the installation: until then its key signs its revocation lists',
  },
} as const satisfies Record<string, Omit<CredentialLife, 'validity'>>

/** What is no certificate of a device and no authority. */
export const houseLives: readonly CredentialLife[] = [
  {
    type: 'enrolment code',
    standard: 'one-time secret, HTTP Basic within TLS (RFC 7030 section 3.2.3)',
    holder: 'a device before its first certificate',
    generated: 'by the server, over 100 bits of chance, bound to one serial',
    stored: hashed,
    configured: 'by an operator: for which device, for how long',
    transferred:
      'shown once to the operator who asked; on the device it comes by standard input, never as an argument',
    verified: 'by this server, in constant time; wrong ones are counted and slowed down',
    validity: '24 hours unless said otherwise, 30 days at most; once',
    renewed: 'never; a new one is made',
    revoked: 'by its first use, by its end, by a newer one for the same device',
    destroyed: 'nothing but the hash was ever kept',
  },
  {
    type: 'ticket',
    standard: 'one-time secret, HTTP Basic within TLS (RFC 7030 section 3.2.3)',
    holder: 'a device whose TPM vouched for a key a moment ago',
    generated: 'by the server, over 100 bits of chance, bound to one key of one device',
    stored: hashed,
    configured: 'not at all',
    transferred: 'to the device in the answer to its attestation, within TLS',
    verified: 'by this server: the request must be by that very key',
    validity: '15 minutes; once',
    renewed: 'never; the device attests anew',
    revoked: 'by its first use, by its end, with its device',
    destroyed: 'nothing but the hash was ever kept',
  },
  {
    type: "a TPM's attestation key",
    standard: 'AIK certificate, TCG TPM 2.0 Keys for Device Identity and Attestation',
    holder: 'the TPM of a device',
    generated:
      'by the TPM; that it is there was proved with its endorsement key (TPM2_ActivateCredential)',
    stored: 'private key in the TPM, which signs with it only what it made itself',
    configured: 'the profile "attestation", versioned',
    transferred: 'the private key never leaves the TPM; its certificate in the answer',
    verified: 'by whoever reads what it attests; no door here takes it for an identity',
    validity: 'a year, unless the profile says otherwise',
    renewed: 'by the device with its next attestation, from half of its life on',
    revoked: onList,
    destroyed: 'with the TPM, or when it is cleared; "device retire" ends every certificate of it',
  },
  {
    type: "server's identity",
    standard: 'TLS server certificate, RFC 5280 and RFC 6125',
    holder: 'each node of this server',
    generated: 'by the node, at its start and at each renewal',
    stored: sealed,
    configured: 'names from the configuration, the rest from the profile "server"',
    transferred: 'the key never leaves the node',
    verified: 'by devices, against the root and the name',
    validity: '90 days at most',
    renewed: 'by itself, with a new key, without a break',
    revoked: onList,
    destroyed: 'the old key file is removed at each renewal',
  },
  {
    type: "the log's key",
    standard: 'Ed25519, RFC 8032; C2SP signed note',
    holder: 'this installation',
    generated: 'by the server at its first start',
    stored: sealed,
    configured: 'not at all',
    transferred: 'the key never leaves; the public half with every export',
    verified: 'by auditors, offline, over each checkpoint',
    validity: 'for the life of the installation',
    renewed: 'not in this version',
    revoked: 'by founding or restoring anew: a restore is a new epoch, marked in the log',
    destroyed: 'with the installation',
  },
  {
    type: 'passphrase of the keys',
    standard: 'activation data, RFC 3647 section 4.6.4',
    holder: 'the operator of the machine',
    generated: 'by the operator; a trial makes 32 random bytes itself',
    stored:
      'outside the installation: systemd credential or a file on another medium; a trial keeps it beside the keys, and says so',
    configured: 'judged when the first key is made: 20 characters at least, and hard to guess',
    transferred:
      'by file, credential or prompt; never as an argument, in the environment, a log or a backup',
    verified: 'by opening a key: a wrong one is told at the start',
    validity: 'for the life of the installation',
    renewed: 'not in this version',
    revoked:
      'not by itself: who had both it and the sealed keys has the keys, so they are replaced',
    destroyed: 'by the operator',
  },
  {
    type: "a person's passphrase",
    standard: 'memorized secret, NIST SP 800-63B section 5.1.1',
    holder: 'an administrator, operator or auditor',
    generated: 'by the person, against a list of what is guessed first',
    stored: 'Argon2id (RFC 9106, 64 MiB, 3 passes) with a salt of its own, in the database',
    configured: 'by the person who takes up a claim or an invitation',
    transferred:
      'over the loopback port or a tunnel to it; on the command line by prompt or standard input',
    verified: 'by this server; attempts are counted per person and per address, and slowed down',
    validity: 'until it is changed or the person removed',
    renewed: 'by a new invitation, or by the local administrator',
    revoked: 'by removing the person: every session ends at once',
    destroyed: 'its hash is replaced',
  },
  {
    type: 'session',
    standard: 'bearer token in a cookie: HttpOnly, SameSite=Strict',
    holder: 'a signed-in browser',
    generated: 'by the server at sign-in, 256 bits of chance',
    stored: hashed,
    configured: 'not at all',
    transferred: 'as a cookie to the browser that signed in',
    verified: 'by this server at every request, with the origin of the page',
    validity: '30 minutes of rest, 12 hours in all',
    renewed: 'by use',
    revoked: 'by signing out, or by removing the person',
    destroyed: 'nothing but the hash was ever kept',
  },
  {
    type: 'claim or invitation',
    standard: 'one-time link',
    holder: 'a person who has no passphrase yet',
    generated: 'by the server',
    stored: hashed,
    configured: 'by an administrator: name and role',
    transferred: 'to a terminal only, or a file that only the owner can read',
    verified: 'by this server, once',
    validity:
      '30 minutes for a claim, 72 hours for an invitation, 15 minutes for a link that restores access',
    renewed: 'never; a new one is made',
    revoked: 'by its use, by its end, by a newer one',
    destroyed: 'nothing but the hash was ever kept',
  },
  {
    type: "a machine's access",
    standard: 'mutual TLS with a registered key',
    holder: 'a line computer or a service that uses the admin API',
    generated: 'by the machine',
    stored: 'private key on the machine; its public half in the ledger',
    configured: 'by an administrator: name and role, bound to the key',
    transferred: 'the private key never leaves the machine; its certificate by an administrator',
    verified: 'by this server in every handshake',
    validity: 'until it is removed',
    renewed: 'by registering the next key',
    revoked: 'by removing the machine: refused from that moment',
    destroyed: 'by the owner of the machine',
  },
  {
    type: "a registrar's certificate",
    standard: 'id-kp-cmcRA, RFC 7030 section 3.7',
    holder: 'a registration authority that asks for devices',
    generated: 'by the registrar',
    stored: 'private key with the registrar; its public half in the ledger',
    configured: 'by an administrator: for which products, until when',
    transferred: 'the private key never leaves the registrar',
    verified:
      'by this server in every handshake: purpose, registration, end; each device must be expected all the same',
    validity: 'until its registration ends',
    renewed: 'by registering the next one',
    revoked: 'by removing the registration: refused from that moment',
    destroyed: 'by the owner of the registrar',
  },
  {
    type: "a proxy's certificate",
    standard: 'mutual TLS with a registered key; Client-Cert, RFC 9440',
    holder: 'a proxy that ends TLS before this server',
    generated: 'by the proxy',
    stored: 'private key with the proxy; its public half in the ledger',
    configured: 'by an administrator',
    transferred: 'the private key never leaves the proxy',
    verified: 'by this server in every handshake; headers of anybody else are refused',
    validity: 'until its registration is removed',
    renewed: 'by registering the next one',
    revoked: 'by removing the registration: refused from that moment',
    destroyed: 'by the owner of the proxy',
  },
  {
    type: 'the key of notifications',
    standard: 'Ed25519, HTTP message signatures, RFC 9421',
    holder: 'this installation',
    generated: 'by the server when the first webhook is added',
    stored: sealed,
    configured: 'not at all',
    transferred: 'the key never leaves; the public half by "notification key"',
    verified: 'by whoever gets a webhook',
    validity: 'for the life of the installation',
    renewed: 'not in this version',
    revoked: 'by telling the receivers',
    destroyed: 'with the installation',
  },
  {
    type: "a backup's recipient",
    standard: 'X25519, alone or with ML-KEM-768; age-encryption.org/v1',
    holder: 'a person who may restore',
    generated: 'by the person, on a machine of their own',
    stored: 'by the person; this server knows the public half only',
    configured: 'by who makes the backup',
    transferred: 'the private half never comes to this server but to restore',
    verified: 'by opening the backup',
    validity: 'as long as backups for it are kept',
    renewed: 'by making the next backup for another',
    revoked: 'by leaving it out of the next backup; what was made for it stays readable',
    destroyed: 'by the person',
  },
]
