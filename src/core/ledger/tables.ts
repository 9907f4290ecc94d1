// SPDX-License-Identifier: Apache-2.0
/**
 * Everything that the ledger keeps: one table a kind of record, one line a field.
 *
 * The store makes its schema from this, and core its types; after a change run
 * `node src/edge/store/schema/print-migration.ts`, which writes the newest migration anew (once that
 * is released, add another first). A new column of an old table is optional. Instants end in `At` or `Until`;
 * a `…Sha256` is 32 bytes; a `fingerprint` is the 32-byte canonical key fingerprint (trust/keys).
 */
import {
  boolean,
  bytes,
  type Column,
  id,
  instant,
  integer,
  json,
  optional,
  type RecordOf,
  type Table,
  text,
  word,
} from './columns.ts'

interface Details<C> {
  readonly unique?: Readonly<Record<string, readonly (keyof C & string)[]>>
  readonly lists?: Readonly<Record<string, readonly (keyof C & string)[]>>
  readonly covers?: Readonly<Record<string, readonly (keyof C & string)[]>>
  readonly appendOnly?: boolean
}

function table<
  const C extends Record<string, Column>,
  const D extends Details<C> = Record<never, never>,
>(prefix: string, columns: C, details?: D) {
  return {
    prefix,
    columns,
    unique: (details?.unique ?? {}) as D['unique'] extends object
      ? D['unique']
      : Record<never, never>,
    lists: (details?.lists ?? {}) as D['lists'] extends object ? D['lists'] : Record<never, never>,
    covers: details?.covers ?? {},
    appendOnly: details?.appendOnly ?? false,
  }
}

/** A root of a set, as it was when the set was made. */
export interface Anchor {
  readonly authority: string | null
  readonly name: string
  /** SHA-256 of its certificate, in hexadecimal: what people compare. */
  readonly sha256: string
}

/** By the digest of an authority's key, hexadecimal: what was counted of each of its blocks. */
export type StatusBook = Readonly<Record<string, readonly BlockBook[]>>

export interface BlockBook {
  /** Rows of the ledger in the span of the block, expired or not. */
  readonly rows: number
  /** Of those that had not expired when the base was made: how many are not to be believed. */
  readonly bad: number
  /** What had expired before this second since 1970 is not in it. */
  readonly asOf: number
  /** When half of those will have expired: seconds since 1970. */
  readonly halfEnd: number
}

/** Of those who would add to one upload at once, on whatever node, one has it. */
export interface UploadHold {
  /** New with each append. */
  readonly id: string
  readonly node: string
  /** After this another may take it over; RFC 3339, on the clock that nodes share. */
  readonly until: string
  /** How far the upload was when it was taken: so much was acknowledged, and what came since was not. */
  readonly from: number
}

const environment = word('trial', 'test', 'production')

export const tables = {
  /** Whose trust a certificate belongs to: the maker, a factory, a hospital. */
  party: table(
    'pty',
    { name: text, role: word('maker', 'factory', 'customer'), createdAt: instant },
    {
      unique: { name: ['name'] },
    },
  ),

  /** A model: its name and its exposure, which is recorded and asks nothing of profiles yet. */
  product: table(
    'prd',
    {
      name: text,
      party: id('pty'),
      exposure: word('therapy', 'patient-data', 'telemetry', 'none'),
      createdAt: instant,
    },
    { unique: { name: ['name'] } },
  ),

  /** One unit, unique by (product, serial). */
  device: table(
    'dev',
    {
      product: id('prd'),
      /** As printed on the unit and carried in the subject's serialNumber (802.1AR). */
      serial: text,
      hardwareRevision: optional(text),
      lot: optional(text),
      /** UDI device identifier, if the maker gave one. */
      udiDi: optional(text),
      state: word('expected', 'provisioned', 'active', 'quarantined', 'retired'),
      /** How many working identities it may still ask for with proofs other than its own certificate. */
      enrolmentsLeft: integer,
      createdAt: instant,
      /** Last time that it was given an identity here, or first used one. */
      seenAt: optional(instant),
      /** Since when its working identity should have been renewed and was not; null when all is well. */
      missedSince: optional(instant),
      /** Who issued the working identity that it last proved; until it proves one, the first that it was given. */
      under: optional(id('aut')),
      /** The anchor set that it was last given over a connection of its own. */
      anchors: optional(id('anc')),
      /** While it is in quarantine: the act that put it there, and the state to which a release leads back. */
      quarantine: optional(id('rvc')),
      stateBefore: optional(word('expected', 'provisioned', 'active')),
    },
    {
      unique: { serial: ['product', 'serial'] },
      lists: {
        state: ['state'],
        product: ['product', 'serial'],
        lot: ['lot'],
        productState: ['product', 'state'],
        bySerial: ['serial'],
        missed: ['missedSince'],
        productMissed: ['product', 'missedSince'],
        under: ['under', 'product'],
        underLot: ['under', 'product', 'lot'],
        anchors: ['anchors'],
      },
    },
  ),

  /** A public key, known for ever: it has one owner and one purpose. */
  key: table(
    'key',
    {
      fingerprint: bytes,
      algorithm: text,
      bits: integer,
      spki: bytes,
      origin: word('device', 'station', 'server'),
      protection: word('secure-element', 'tpm', 'tee', 'hsm', 'software', 'unknown'),
      attested: boolean,
      exportable: optional(boolean),
      purpose: text,
      environment,
      /** The device, authority, person or machine that holds it: an id of any such kind. */
      owner: text,
      /** `weak`: what is certified stands until people act, and nothing more is certified (core/keywatch). */
      state: word('active', 'weak', 'retired', 'compromised'),
      /** The hardware module's certificate number, where there is one. */
      moduleCertificate: optional(text),
      /** Which backend keeps the private half, where it is kept by us: `file`, or `pkcs11 TOKEN`, `tpm NAME`. */
      custody: optional(text),
      activatedAt: instant,
      deactivateAt: optional(instant),
    },
    {
      unique: { fingerprint: ['fingerprint'] },
      lists: { owner: ['owner'] },
    },
  ),

  /** How a device says that it made a key: signed into the first request for it, so its own word and no proof. */
  keyMaking: table(
    'mak',
    {
      key: id('key'),
      /** The device or application that said it: the owner of the key. */
      owner: text,
      /** Where its chance came from, as it named it: `getrandom`, `tpm`, `/dev/hwrng`. */
      source: text,
      /** `raw`: the octets of the noise source itself were tested; `conditioned`: they are not testable. */
      mode: word('raw', 'conditioned'),
      /** Of the start-up tests of SP 800-90B section 4.4, on a raw source. */
      result: word('passed', 'not-testable'),
      /** Whether the kernel said that its generator was ready; null: it does not tell. */
      kernelReady: optional(boolean),
      /** What the device says that it runs; findings go by it. */
      firmware: optional(text),
      /** The program that made the key, with its version. */
      client: text,
      /** The whole statement, as it was signed. */
      statement: bytes,
      at: instant,
    },
    {
      unique: { key: ['key'] },
      lists: {
        owner: ['owner'],
        firmware: ['firmware'],
        mode: ['mode'],
        source: ['source'],
      },
      appendOnly: true,
    },
  ),

  /**
   * An ECDSA signature that a device's key made, for the watch on its nonces (FIPS 186-5 section 6.4), once however
   * often it came. Taken from what is kept (enrolments, evidence of TPMs), and from refused requests whose possession
   * was proved.
   */
  signature: table(
    'sig',
    {
      /** Of a key that need not have been certified here. */
      keyFingerprint: bytes,
      /** What was signed: the digest, whole, as the signature's algorithm makes it. */
      digest: bytes,
      /** Both numbers in the length of the order of the curve. */
      r: bytes,
      s: bytes,
      /** The first 8 octets of r: what is looked up; equal r have equal marks. */
      mark: bytes,
      /** The request that bears it; null: it was refused, or a TPM attested by it. */
      enrolment: optional(id('enr')),
      /** The evidence of a TPM that bears it. */
      attestation: optional(id('att')),
      /** Whose request was refused, or was not yet answered: a device or an application; those of one are bounded. */
      refusedOf: optional(text),
      at: instant,
    },
    {
      lists: { mark: ['mark'], key: ['keyFingerprint'], refused: ['refusedOf'] },
      appendOnly: true,
    },
  ),

  /**
   * What the watch found out about a key: one row for a key, a kind and a cause. It proposes; people act
   * (but for a private key that was recovered, see core/keywatch).
   */
  keyFinding: table(
    'kfd',
    {
      /** A row of `weaknesses` (trust/weak-keys). */
      kind: text,
      key: id('key'),
      /** What keys that share a cause have in common: SHA-256 of a prime, a nonce, a list's entry. Never a secret. */
      cause: bytes,
      severity: word('notice', 'warning', 'critical'),
      /**
       * `proposed`: somebody is to decide; `acted`: an act of revocation ended what the key had; `over`: that ended
       * without an act; `dismissed`: accepted, and why.
       */
      state: word('proposed', 'acted', 'over', 'dismissed'),
      /** For people and machines, without secrets. */
      facts: json<Readonly<Record<string, string | number | boolean | null>>>(),
      /** Its owner at the time, and what findings are grouped by. */
      owner: text,
      product: optional(id('prd')),
      lot: optional(text),
      registrar: optional(id('rgr')),
      firmware: optional(text),
      foundAt: instant,
      revocation: optional(id('rvc')),
      decidedBy: optional(text),
      decidedAt: optional(instant),
      because: optional(text),
    },
    {
      unique: { once: ['key', 'kind', 'cause'] },
      lists: {
        state: ['state', 'foundAt'],
        cause: ['cause'],
        kind: ['kind', 'state'],
        owner: ['owner'],
        lot: ['product', 'lot'],
      },
    },
  ),

  /** A look into an image for what must not be in it: what was scanned, by which rules, and what was found. */
  scan: table(
    'scn',
    {
      name: text,
      /** Of the octets that were scanned. */
      sha256: bytes,
      octets: integer,
      product: optional(id('prd')),
      /** Version of the rules that looked. */
      rules: text,
      /** `clean`: nothing found that was not accepted; `part`: nothing found, and something could not be looked into. */
      result: word('clean', 'found', 'part'),
      /** Findings, those accepted by a baseline, and pieces that were not scanned. */
      found: integer,
      accepted: integer,
      notScanned: integer,
      /** As the report says them, the gravest first, within bounds. */
      findings: json<readonly unknown[]>(),
      requestedBy: text,
      startedAt: instant,
      endedAt: instant,
      /** Whether the octets were scanned here; null or false: it is the word of who noted it. */
      madeHere: optional(boolean),
    },
    {
      lists: { started: ['startedAt'], product: ['product', 'startedAt'], sha256: ['sha256'] },
      appendOnly: true,
    },
  ),

  /** A build of a product on its way to devices: what it is, what was shown about it, and how far it came. */
  release: table(
    'rel',
    {
      product: id('prd'),
      firmwareVersion: text,
      /** Devices that keep a counter take nothing lower; of a product and channel it never falls. */
      securityVersion: integer,
      kind: word('security', 'feature', 'configuration'),
      channel: text,
      environment,
      state: word('draft', 'submitted', 'approved', 'signed', 'published', 'withdrawn'),
      /** Counts every change of content or attachment: approvals are for one of them. */
      revision: integer,
      /** Until when devices that run it are to be able to check it. */
      supportUntil: optional(instant),
      /** SHA-256 of the release manifest (format/release) as it was submitted; null again after any change. */
      manifestSha256: optional(bytes),
      /** Ids of all who ever made, changed, uploaded or attached any of it: none of them approves it. */
      contributors: json<readonly string[]>(),
      createdBy: text,
      createdAt: instant,
      submittedAt: optional(instant),
      signedAt: optional(instant),
      publishedAt: optional(instant),
      withdrawnAt: optional(instant),
      because: optional(text),
    },
    {
      unique: { firmware: ['product', 'environment', 'channel', 'firmwareVersion'] },
      lists: {
        product: ['product', 'createdAt'],
        state: ['state', 'createdAt'],
        created: ['createdAt'],
      },
    },
  ),

  /** One thing that belongs to a release: what devices get, or what was shown about it. */
  releasePart: table(
    'rlp',
    {
      release: id('rel'),
      role: word('artefact', 'sbom', 'vex', 'provenance', 'test'),
      name: text,
      /** Of its octets, which `stored` knows; of a test, whose report is kept elsewhere, of that. */
      sha256: bytes,
      /** 0 of a test. */
      octets: integer,
      /** What was read in it, for people and for checks: form, format and version, subjects, gaps. */
      facts: json<Readonly<Record<string, unknown>>>(),
      addedBy: text,
      addedAt: instant,
      /** `ROLE/NAME` while it belongs to the release; null once it was taken away. */
      slot: optional(text),
      removedAt: optional(instant),
    },
    {
      unique: { slot: ['release', 'slot'] },
      lists: { release: ['release'], sha256: ['sha256'] },
    },
  ),

  /** The text of a release as it was submitted, which is what was approved and signed: none is ever changed. */
  releaseManifest: table(
    'rlm',
    { release: id('rel'), revision: integer, sha256: bytes, text: bytes, madeAt: instant },
    {
      unique: { sha256: ['sha256'], revision: ['release', 'revision'] },
      appendOnly: true,
    },
  ),

  /** How high the security version of a product came in a channel: what is signed raises it, nothing lowers it. */
  releaseLine: table(
    'rll',
    {
      product: id('prd'),
      environment,
      channel: text,
      securityVersion: integer,
      /** The release that was signed last. */
      release: id('rel'),
    },
    { unique: { line: ['product', 'environment', 'channel'] } },
  ),

  /** A key of a build service: what it says of how an artefact was built is believed of this product. */
  builderKey: table(
    'bdk',
    {
      product: id('prd'),
      name: text,
      fingerprint: bytes,
      spki: bytes,
      /** Builder ids that it may speak for (SLSA `builder.id`); empty: any. */
      builders: json<readonly string[]>(),
      addedBy: text,
      addedAt: instant,
      endedAt: optional(instant),
      because: optional(text),
    },
    { unique: { key: ['product', 'fingerprint'] }, lists: { product: ['product', 'addedAt'] } },
  ),

  /** Octets that are kept by their digest, on disk or in an object store. */
  stored: table(
    'obj',
    {
      sha256: bytes,
      octets: integer,
      /** `gone`: nothing needed them and they were removed; they may come again. */
      state: word('kept', 'gone'),
      storedBy: text,
      storedAt: instant,
      /** When something was last said to need them: what is new is not collected. */
      wantedAt: instant,
    },
    { unique: { sha256: ['sha256'] }, lists: { state: ['state', 'wantedAt'] } },
  ),

  /** Octets on their way here: may be cut off and go on. */
  upload: table(
    'upl',
    {
      /** As its sender calls it. */
      name: text,
      octets: integer,
      /** What the sender says that they hash to. */
      sha256: bytes,
      state: word('open', 'done', 'ended'),
      startedBy: text,
      startedAt: instant,
      expiresAt: instant,
      /** The node where its first octets are, unless all nodes have one directory of artefacts. */
      begunOn: text,
      /** Who adds to it at this moment; null: nobody does. */
      hold: optional(json<UploadHold>()),
      /** Whether it was ever taken over from a node that may have lived, and may still have had its file open. */
      takenOver: boolean,
    },
    { lists: { state: ['state', 'expiresAt'], by: ['startedBy', 'sha256'] } },
  ),

  /**
   * What must be true before a release of a product is signed, and who says so. Of those that are active the one
   * with the highest number counts, also for what was approved before it.
   */
  signingPolicy: table(
    'spo',
    {
      product: id('prd'),
      number: integer,
      rules: json<Readonly<Record<string, unknown>>>(),
      /** What it asks less than the one before it, a line each: then a second person agrees. */
      lowered: json<readonly string[]>(),
      /** `waiting`: for a second person. */
      state: word('waiting', 'active', 'refused'),
      because: text,
      /** The people who agreed to it, besides who asked. */
      approvals: json<readonly { readonly by: string; readonly at: string }[]>(),
      changedBy: text,
      changedAt: instant,
      decidedBy: optional(text),
      decidedAt: optional(instant),
    },
    {
      unique: { number: ['product', 'number'] },
      lists: { product: ['product', 'state', 'number'] },
    },
  ),

  /** The key with which a person approves, on a machine of their own. */
  approverKey: table(
    'apk',
    {
      person: id('psn'),
      key: id('key'),
      fingerprint: bytes,
      spki: bytes,
      /** The printed name and the role that each approval by it bears. */
      name: text,
      role: text,
      /** Where its private half lives, as its owner says. */
      kept: word('file', 'token'),
      /** The certificate over it and those above, DER in base64, its own first; made by the key itself where nobody else vouches. */
      chain: json<readonly string[]>(),
      /** What its owner signed with it to show that it is theirs, and the signature. */
      statement: bytes,
      signature: bytes,
      state: word('waiting', 'active', 'ended'),
      addedAt: instant,
      confirmedBy: optional(text),
      confirmedAt: optional(instant),
      endedBy: optional(text),
      endedAt: optional(instant),
      endedBecause: optional(text),
    },
    {
      unique: { fingerprint: ['fingerprint'] },
      lists: { person: ['person', 'state'], state: ['state', 'addedAt'], added: ['addedAt'] },
    },
  ),

  /** A person's signature for or against a release: name, time and meaning are in what was signed. */
  approval: table(
    'apv',
    {
      release: id('rel'),
      manifestSha256: bytes,
      act: word('approve', 'refuse', 'review'),
      person: id('psn'),
      approverKey: id('apk'),
      name: text,
      role: text,
      meaning: text,
      /** What was signed, canonical JSON (format/release), and its digest: the same statement counts once for ever. */
      statement: bytes,
      statementSha256: bytes,
      /** The detached signature over the statement (CMS, DER), as anybody can check it without us. */
      signature: bytes,
      statedAt: instant,
      takenAt: instant,
      /** Release, manifest and person, while it is not void: a person says one thing about one manifest. */
      standing: optional(text),
      /** Void since the release changed, or the key ended; for ever. */
      voidedAt: optional(instant),
      voidedBecause: optional(text),
    },
    {
      unique: { standing: ['standing'], statement: ['statementSha256'] },
      lists: {
        release: ['release', 'takenAt'],
        person: ['person', 'takenAt'],
        key: ['approverKey', 'takenAt'],
      },
    },
  ),

  /** That one person's approval had to do for a release, and what became of it. */
  emergency: table(
    'emg',
    {
      release: id('rel'),
      manifestSha256: bytes,
      approval: id('apv'),
      /** The relaxed rule, as evidence shows it. */
      exception: id('exc'),
      incident: text,
      because: text,
      /** Until when it may be signed on one approval. */
      until: instant,
      /** By when others have to have reviewed it. */
      reviewBy: instant,
      /** `confirmed`: so many agreed afterwards as would have had to before. `disputed`: one of them did not. */
      state: word('open', 'confirmed', 'disputed', 'lapsed'),
      beganAt: instant,
      endedAt: optional(instant),
    },
    { lists: { state: ['state', 'beganAt'], release: ['release', 'beganAt'] } },
  ),

  /** A key that signs artefacts of a product in one environment, in one or several forms. */
  artefactKey: table(
    'sgk',
    {
      product: id('prd'),
      environment,
      name: text,
      key: id('key'),
      /** Null: devices know the key itself. */
      certificate: optional(id('crt')),
      /** Its certificate and those above it, DER in Base64, leaf first and the root last; empty: a bare key. */
      chain: json<readonly string[]>(),
      /** Names of forms (trust/artefact). */
      forms: json<readonly string[]>(),
      /** `next`: devices learn it, nothing relies on it yet. `current`: signs. `retiring`: signs beside the next. */
      state: word('next', 'current', 'retiring', 'retired', 'revoked'),
      addedBy: text,
      addedAt: instant,
      /** Since when it signs nothing any more. */
      endedAt: optional(instant),
      because: optional(text),
    },
    {
      unique: { name: ['product', 'environment', 'name'] },
      lists: { product: ['product', 'environment', 'state'], key: ['key'] },
    },
  ),

  /** What came out when an artefact of a release was signed in a form. */
  signedArtefact: table(
    'sga',
    {
      release: id('rel'),
      part: id('rlp'),
      form: text,
      /** Of what came out, as a file: of a release no two are alike. */
      name: text,
      /** Of what was signed, and of what came out: `stored` knows it, unless it stands in `signature`. */
      sourceSha256: bytes,
      sha256: bytes,
      octets: integer,
      /** What came out, of a signature over a digest: some hundred octets, which cost a file and its syncing. */
      signature: optional(bytes),
      /** The artefact keys that signed it. */
      keys: json<readonly string[]>(),
      /** A time-stamp (RFC 3161, DER) over the 32 octets of `sha256`; null where the environment asks for none. */
      timeStamp: optional(bytes),
      facts: json<Readonly<Record<string, unknown>>>(),
      signedBy: text,
      signedAt: instant,
    },
    {
      unique: { name: ['release', 'name'] },
      lists: { release: ['release', 'signedAt'], sha256: ['sha256'] },
    },
  ),

  /** Which artefacts of a product are signed in which forms, with which choices and keys; the newest version counts. */
  signingPlan: table(
    'spl',
    {
      product: id('prd'),
      number: integer,
      /** As `core/releases/plan-lines` reads it. */
      lines: json<readonly unknown[]>(),
      changedBy: text,
      changedAt: instant,
    },
    {
      unique: { number: ['product', 'number'] },
      lists: { product: ['product', 'number'] },
      appendOnly: true,
    },
  ),

  /** What a device says that it runs and believes: from it the adoption of a key is counted. */
  installed: table(
    'ins',
    {
      device: id('dev'),
      product: id('prd'),
      lot: optional(text),
      firmwareVersion: text,
      securityVersion: integer,
      /** The highest security version that it ever reported: what it runs may be lower, this never is. */
      highestSecurityVersion: integer,
      /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal, of the keys and roots that its bootloader takes; sorted. */
      anchors: json<readonly string[]>(),
      /** SHA-256, hexadecimal, over all of them: most devices of a product are alike. */
      anchorSet: text,
      /** The certificate by which it proved who it is; null: one of its maker's. */
      certificate: optional(id('crt')),
      reportedAt: instant,
    },
    {
      unique: { device: ['device'] },
      lists: {
        product: ['product', 'firmwareVersion'],
        productDevice: ['product', 'device'],
        anchorSet: ['product', 'anchorSet'],
        reported: ['product', 'reportedAt'],
      },
    },
  ),

  /** That devices of a product are to believe another key; how far it came is computed and never written down. */
  rotation: table(
    'rot',
    {
      product: id('prd'),
      environment,
      /** The artefact keys. */
      fromKey: id('sgk'),
      toKey: id('sgk'),
      /** Names of forms (trust/artefact). */
      forms: json<readonly string[]>(),
      /** Of the devices that are heard of, so many in a hundred have to believe the new key. */
      thresholdPercent: integer,
      /** Who was not heard of for so many days is silent. */
      silentDays: integer,
      /** Of all devices, at most so many in a hundred may be silent. */
      mostSilentPercent: integer,
      /** The release that brings the new anchors to devices. */
      carrier: optional(id('rel')),
      /** Steps that people passed over, each an exception. */
      skipped:
        json<
          readonly { readonly step: string; readonly exception: string; readonly by: string }[]
        >(),
      state: word('open', 'done', 'given-up'),
      /** The old key while it is open: a key is rotated once at a time. */
      openKey: optional(text),
      because: text,
      begunBy: text,
      begunAt: instant,
      endedBy: optional(text),
      endedAt: optional(instant),
      endedBecause: optional(text),
    },
    {
      unique: { open: ['openKey'] },
      lists: { product: ['product', 'begunAt'], begun: ['begunAt'] },
    },
  ),

  /** That a signing key ends though devices depend on it: an exception by two people, but for a trial. */
  keyEnding: table(
    'ken',
    {
      artefactKey: id('sgk'),
      product: id('prd'),
      act: word('retire', 'revoke'),
      /** How many devices are known to believe nothing else, and how many may, as it was asked. */
      devices: integer,
      unknown: integer,
      because: text,
      state: word('waiting', 'done', 'refused'),
      /** The key while it waits. */
      openKey: optional(text),
      approvals: json<readonly { readonly by: string; readonly at: string }[]>(),
      askedBy: text,
      askedAt: instant,
      decidedBy: optional(text),
      decidedAt: optional(instant),
    },
    {
      unique: { open: ['openKey'] },
      lists: { key: ['artefactKey', 'askedAt'], asked: ['askedAt'] },
    },
  ),

  /** A limit that lets one person end more of trust alone, as it was asked for and agreed to. */
  revocationLimit: table(
    'rvl',
    {
      /** So many owners of certificates, and as many as before; null: any number. */
      owners: optional(integer),
      was: optional(integer),
      because: text,
      state: word('waiting', 'active', 'refused'),
      /** `waiting` while it waits. */
      open: optional(text),
      approvals: json<readonly { readonly by: string; readonly at: string }[]>(),
      askedBy: text,
      askedAt: instant,
      decidedBy: optional(text),
      decidedAt: optional(instant),
    },
    { unique: { open: ['open'] }, lists: { asked: ['askedAt'] } },
  ),

  /** A certificate from the moment that it was meant to be signed. */
  certificate: table(
    'crt',
    {
      /** 16 bytes, positive: four of time, twelve random. */
      serialNumber: bytes,
      authority: id('aut'),
      profile: text,
      profileVersion: integer,
      /** birth = IDevID, working = LDevID. */
      kind: word(
        ...(['birth', 'working', 'server', 'client', 'signer', 'ocsp', 'attestation'] as const),
        ...(['issuing', 'root', 'link'] as const),
      ),
      /** The device, authority, person or machine it names. */
      owner: text,
      product: optional(id('prd')),
      subject: text,
      /** The device's serial, for search by prefix; null where there is none. */
      deviceSerial: optional(text),
      lot: optional(text),
      key: id('key'),
      algorithm: text,
      /** `held`: as good as revoked, until it is released (`revokedAt` is null again) or revoked for good. */
      state: word('reserved', 'issued', 'abandoned', 'held', 'revoked', 'retired'),
      notBefore: instant,
      notAfter: instant,
      /** SHA-256 of what was linted and booked before signing. */
      toBeSignedSha256: bytes,
      /** SHA-256 of the certificate; null until signed. */
      sha256: optional(bytes),
      enrolment: optional(id('enr')),
      /** The CRL shard that its distribution point names, chosen at issue; `noShard` or `onNoList` (core/ledger/shards) for none. */
      shard: integer,
      reservedAt: instant,
      issuedAt: optional(instant),
      /** First time that it was presented to us in a live connection. */
      usedAt: optional(instant),
      /** The certificate that it replaces. */
      replaces: optional(id('crt')),
      /** Since when it is not to be believed: whoever lists or answers status goes by this, not by the state. */
      revokedAt: optional(instant),
      /** CRLReason, RFC 5280 section 5.3.1; 6 while it is held. */
      revocationReason: optional(integer),
      /** The last act about it: what ended it, holds it, or released it. */
      revocation: optional(id('rvc')),
      /** Of a retired one: until when our own doors still accept it. */
      retiresAt: optional(instant),
    },
    {
      unique: { serialNumber: ['authority', 'serialNumber'], sha256: ['sha256'] },
      lists: {
        owner: ['owner'],
        state: ['state', 'notAfter'],
        product: ['product', 'deviceSerial'],
        lot: ['lot'],
        deviceSerial: ['deviceSerial'],
        algorithm: ['algorithm'],
        shard: ['authority', 'shard'],
        /** Revoked and abandoned ones: only they have a time of revocation. */
        revoked: ['authority', 'shard', 'revokedAt'],
        revocation: ['revocation'],
        under: ['authority', 'kind', 'product', 'notAfter'],
      },
      // What an entry of a CRL is made of: a million are read for a full one.
      covers: { revoked: ['serialNumber', 'revocationReason', 'kind', 'notAfter'] },
    },
  ),

  /** The exact bytes of a certificate, by its id: a re-encoding is never stored. */
  encoding: table('crt', { der: bytes }, { appendOnly: true }),

  /** Who asked for a certificate, with which proof, and what policy said. */
  enrolment: table(
    'enr',
    {
      protocol: word('est', 'local', 'attestation'),
      operation: word('enrol', 'renew', 'rekey', 'recover', 'found'),
      entrance: optional(id('ent')),
      owner: text,
      certificate: id('crt'),
      /** PKCS #10 as it came, DER: what was asked and how possession was proved; empty where nobody asked. */
      request: bytes,
      proof: word(
        'code',
        'birth-certificate',
        'current-certificate',
        'operator',
        'registrar',
        'self',
        'tpm',
        'secure-element',
      ),
      /** The code, ticket or certificate that was the proof. */
      credential: optional(text),
      /** `activation`: a restricted key signs no request; its TPM opened a credential that was made for it. */
      possession: word('signature', 'channel', 'none', 'activation'),
      profile: text,
      profileVersion: integer,
      sourceAddress: optional(text),
      at: instant,
      /** The request on the waiting list that a person approved, if one had to. */
      approval: optional(id('req')),
      /** The registrar that asked on the device's behalf. */
      registrar: optional(id('rgr')),
      /** The proxy that TLS ended at: the credential's key was proved to it (`possession` channel). */
      proxy: optional(id('pxy')),
    },
    { lists: { registrar: ['registrar'] }, appendOnly: true },
  ),

  /**
   * The promise that the same request with the same credential gets the same answer for a while.
   * Its unique key is what makes two simultaneous posts one certificate, on any number of nodes.
   */
  repetition: table(
    'rep',
    {
      /** SHA-256 over credential and request. */
      requestKey: bytes,
      certificate: id('crt'),
      until: instant,
    },
    { unique: { requestKey: ['requestKey'] } },
  ),

  /** A versioned issuance policy; one row a version, never changed. */
  profile: table(
    'prf',
    {
      name: text,
      number: integer,
      document: json<unknown>(),
      author: text,
      createdAt: instant,
    },
    {
      unique: { number: ['name', 'number'] },
      lists: { name: ['name', 'number'] },
      appendOnly: true,
    },
  ),

  /** A root, an issuing authority, or a foreign authority whose birth certificates we accept. */
  authority: table(
    'aut',
    {
      name: text,
      kind: word('root', 'issuing', 'foreign'),
      environment,
      /** Its own key's algorithm. */
      algorithm: text,
      parent: optional(id('aut')),
      /** Null for one whose key we do not hold: a foreign authority, or a root that was made elsewhere. */
      key: optional(id('key')),
      certificate: bytes,
      certificateSha256: bytes,
      subjectKeyIdentifier: bytes,
      state: word('active', 'issuing-stopped', 'retired'),
      notAfter: instant,
      /** After this it signs status only. */
      issueUntil: instant,
      /** Who took over its doors when it was stopped. */
      successor: optional(id('aut')),
      createdAt: instant,
      /** For a foreign authority: the products whose expected devices it may vouch for. */
      products: json<readonly string[]>(),
      /** No CRL of it has a smaller number: what it published elsewhere, or before a restore, came before. */
      crlNumberFrom: optional(integer),
      /**
       * Null for one that was made here. `adopted`: it worked elsewhere and came with its key; `installed`:
       * somebody else's root stands above it; `ceremony`: its root was made in a ceremony; `signers`: it was made
       * here to certify signers of artefacts, and nobody else.
       */
      origin: optional(word('adopted', 'installed', 'ceremony', 'signers')),
      /** For one whose chain withstands quantum computers: the authority that it stands beside. */
      twin: optional(id('aut')),
      /** Whether its key was ever on a server of ours; once true, for ever. Null: ask `keyWasHere`. */
      keyEverHere: optional(boolean),
    },
    { unique: { name: ['name'], certificate: ['certificateSha256'] }, lists: { kind: ['kind'] } },
  ),

  /** An authority to be: its key is made here, and somebody else is asked to sign its certificate. */
  authorityRequest: table(
    'arq',
    {
      name: text,
      /** The id that the authority will have, so that a twin can name the one that it will stand beside. */
      authority: id('aut'),
      key: id('key'),
      algorithm: text,
      /** PKCS #10, DER. */
      request: bytes,
      requestSha256: bytes,
      twin: optional(id('aut')),
      state: word('waiting', 'installed', 'withdrawn'),
      createdAt: instant,
      createdBy: text,
      endedAt: optional(instant),
      /** Its name while it waits, so that there is one; null once it ended. */
      openName: optional(text),
    },
    {
      unique: { openName: ['openName'], authority: ['authority'], key: ['key'] },
      lists: { state: ['state'] },
    },
  ),

  /** A ceremony away from every server, as its signed bundle told it. */
  ceremony: table(
    'cer',
    {
      /** What all acts of one vault have in common: 16 bytes, hexadecimal. */
      vault: text,
      /** 1 for the ceremony that made the roots, one more each time that the vault was opened. */
      act: integer,
      title: text,
      environment,
      bundleSha256: bytes,
      scriptSha256: bytes,
      /** The last link of the transcript's chain of digests. */
      transcriptSha256: bytes,
      /** That of the act before; null for the first. */
      previousSha256: optional(bytes),
      heldAt: instant,
      /** The whole of it, as it came: what any auditor verifies without us. */
      bundle: bytes,
      importedBy: text,
      importedAt: instant,
    },
    {
      unique: { bundle: ['bundleSha256'], act: ['vault', 'act'] },
      lists: { vault: ['vault', 'act'] },
      appendOnly: true,
    },
  ),

  /** The certificate by which one root vouches for the key of another of the same name. */
  rootLink: table(
    'lnk',
    {
      /** Whose key it is of. */
      certified: id('aut'),
      /** Whose key signed it. */
      signer: id('aut'),
      certificate: bytes,
      certificateSha256: bytes,
      notAfter: instant,
      createdAt: instant,
    },
    { unique: { certificate: ['certificateSha256'] }, appendOnly: true },
  ),

  /** The roots that devices of a product are to believe: one row a version. Who was given which stands in `device`. */
  anchorSet: table(
    'anc',
    {
      product: id('prd'),
      /** Counts from 1. */
      number: integer,
      /** Each with its place here; null for one that stands for an authority elsewhere. */
      anchors: json<readonly Anchor[]>(),
      /** SHA-256 over the sorted digests of its roots: the same set, the same digest. */
      digest: bytes,
      createdAt: instant,
    },
    {
      unique: { number: ['product', 'number'] },
      lists: { product: ['product', 'number'] },
      appendOnly: true,
    },
  ),

  /** An act that ended trust, or suspended it: what was asked, by whom, how far it came, and when. */
  revocation: table(
    'rvc',
    {
      /**
       * `end`: for good; `hold`: certificates until they are released; `quarantine`: a device and all that it
       * has; `release`: what was held is believed again.
       */
      act: word('end', 'hold', 'quarantine', 'release'),
      /** What was chosen, as it was asked: one certificate, a key, a device, a lot and so on. */
      chosen: json<Readonly<Record<string, string>>>(),
      /** A row of `revocationReasons` (core/revocation), by name. */
      reason: text,
      because: text,
      /** Certificates that it meant, and SHA-256 over their sorted ids: what an approver approves. */
      total: integer,
      setSha256: bytes,
      /** Whose certificates they are: devices, servers and so on, each counted once. */
      owners: integer,
      /** The people who approved it so far, besides who asked. */
      approvals: json<readonly { readonly by: string; readonly at: string }[]>(),
      /** Certificates for which it is in force by now; their `revocation` names it until another act does. */
      done: integer,
      /** `waiting`: for a second person. `running`: in force for some. `effective`: for all. */
      state: word(
        ...(['waiting', 'running', 'effective', 'released', 'refused', 'withdrawn'] as const),
      ),
      requestedBy: text,
      requestedAt: instant,
      decidedBy: optional(text),
      decidedAt: optional(instant),
      /** Since when our own doors refuse all of it. */
      effectiveAt: optional(instant),
      /** Since when everything that is published says so; until then, `unpublishedSince` it is in force. */
      publishedAt: optional(instant),
      unpublishedSince: optional(instant),
      /** Of a hold or a quarantine: since when nothing of it is held any more. */
      releasedBy: optional(text),
      releasedAt: optional(instant),
    },
    {
      lists: {
        state: ['state'],
        requested: ['requestedAt'],
        unpublished: ['unpublishedSince'],
      },
    },
  ),

  /** Where sessions of devices live that are to end with their trust: a broker, a proxy, a program of the maker. */
  integration: table(
    'itg',
    {
      name: text,
      kind: word('mosquitto', 'webhook'),
      address: text,
      /** What its kind needs besides: names of files, never secrets. */
      settings: json<Readonly<Record<string, string>>>(),
      state: word('active', 'removed'),
      createdAt: instant,
      createdBy: text,
      /** Last time that it confirmed anything, or was found well. */
      seenAt: optional(instant),
      /** Why it could not be reached, since `troubledSince`. */
      trouble: optional(text),
      troubledSince: optional(instant),
    },
    { unique: { name: ['name'] }, lists: { state: ['state'] } },
  ),

  /**
   * One revocation, or its release, carried out at one integration: written with what it carries out. While a node
   * is at it, `nextAt` says until when it is that node's.
   */
  enforcement: table(
    'enf',
    {
      /** Null: nobody's act; it brings the integration up to date, for one owner or for all. */
      revocation: optional(id('rvc')),
      integration: id('itg'),
      /** The one owner of certificates that it is about; null: all whom its act concerns. */
      owner: optional(text),
      /** `end`: sessions end, and none begins; `restore`: they may begin again. */
      act: word('end', 'restore'),
      state: word('waiting', 'failed', 'confirmed', 'given-up'),
      /** Tries begun; 0: nobody has taken it up. */
      tries: integer,
      /** When it is tried next; the last try once it is over. */
      nextAt: instant,
      /** How far its walk over the owners came; null before and after it. */
      after: optional(text),
      /** Owners of certificates for whom the integration confirmed it. */
      owners: integer,
      /** Live sessions that it ended, as the integration told. */
      sessionsEnded: integer,
      /** Whether it told of all: else at least so many ended. */
      sessionsKnown: boolean,
      lastError: optional(text),
      createdAt: instant,
      confirmedAt: optional(instant),
    },
    {
      unique: { once: ['revocation', 'integration', 'act'] },
      lists: {
        state: ['state', 'nextAt'],
        revocation: ['revocation'],
        integration: ['integration', 'state'],
      },
    },
  ),

  /** The state of all certificates below one set of roots, in one signed file for those who cannot ask. */
  statusFile: table(
    'stf',
    {
      /** The digest of the anchor set, hexadecimal: the same roots, the same files. */
      anchors: text,
      /** Counts from 1 within its set. */
      number: integer,
      /** What is certified after it is not covered. */
      coversUntil: instant,
      expiresAt: instant,
      certificates: integer,
      revoked: integer,
      /** The whole of it, as it is signed and served; empty once it is too old to serve. */
      file: bytes,
      fileSha256: bytes,
      /** What leads from the file before to this one; null for the first, and once it is too old to serve. */
      delta: optional(bytes),
      /** What is noted beside it, so that the next one need not look at what did not change. */
      book: json<StatusBook>(),
      createdAt: instant,
    },
    {
      unique: { number: ['anchors', 'number'] },
      lists: { latest: ['anchors', 'number'], created: ['createdAt'] },
    },
  ),

  /** A revocation by another PKI whose certificate nobody has: only the full CRL speaks of it. */
  bareRevocation: table(
    'brv',
    {
      authority: id('aut'),
      serialNumber: bytes,
      revokedAt: instant,
      /** CRLReason, RFC 5280 section 5.3.1. */
      reason: integer,
    },
    {
      unique: { serialNumber: ['authority', 'serialNumber'] },
      lists: { authority: ['authority'] },
      appendOnly: true,
    },
  ),

  /** One version of a list of makers' authorities, as an administrator imported it. */
  vendorBundle: table(
    'vnb',
    {
      name: text,
      number: integer,
      issuedAt: instant,
      /** Of the file, as the administrator named it. */
      sha256: bytes,
      certificates: integer,
      importedBy: text,
      importedAt: instant,
    },
    {
      unique: { number: ['name', 'number'] },
      lists: { name: ['name', 'number'] },
      appendOnly: true,
    },
  ),

  /** An authority of a maker of TPMs or secure elements: one that is believed, or one that stands between. */
  vendorRoot: table(
    'vnr',
    {
      /** The name of the bundle that brought it. */
      bundle: text,
      vendor: text,
      kind: word('tpm', 'secure-element'),
      role: word('root', 'intermediate'),
      certificate: bytes,
      certificateSha256: bytes,
      subject: text,
      notAfter: instant,
      leniency: word('none', 'odd-endorsement-certificate'),
      /** What is odd about this certificate itself. */
      oddities: json<readonly string[]>(),
      /** Whether what it certified counts after the end of the certificates. */
      afterExpiry: word('refused', 'accepted'),
      /** Why a rule was relaxed for it, if one was. */
      because: optional(text),
      /** Where its maker publishes it. */
      source: text,
      /** `withdrawn`: a person removed it, and no bundle brings it back. */
      state: word('active', 'dropped', 'withdrawn'),
      addedAt: instant,
      endedAt: optional(instant),
      endedBy: optional(text),
    },
    {
      unique: { certificate: ['bundle', 'certificateSha256'] },
      lists: {
        bundle: ['bundle', 'state'],
        state: ['state', 'notAfter'],
        kind: ['kind', 'state'],
        certificate: ['certificateSha256', 'state'],
      },
    },
  ),

  /**
   * A secure element that its provisioner or its maker vouches for, and the device that it is in: one element
   * belongs to one device for ever.
   */
  element: table(
    'elm',
    {
      /** Its maker's number for it, small letters: what hwSerialNum of a hardwareModuleName says (RFC 4108). */
      uniqueId: text,
      product: id('prd'),
      /** Null until it is known which device it is in. */
      device: optional(id('dev')),
      /** The same while it is in there: a device has one element at a time. */
      inDevice: optional(id('dev')),
      /** `replaced`: its device got another one. */
      state: word('known', 'bound', 'replaced'),
      source: word('manifest', 'certificate'),
      model: text,
      partNumber: text,
      /** SHA-256 of the certificate of who signed its entry; null where its maker's chain alone vouches. */
      signerSha256: optional(bytes),
      /** The maker's authority that its chain leads to, where it does. */
      vendorRoot: optional(id('vnr')),
      addedAt: instant,
      addedBy: text,
      boundAt: optional(instant),
      /** Who said in which device it is: a person, or the device that came with its code. */
      boundBy: optional(text),
    },
    {
      unique: { uniqueId: ['uniqueId'], inDevice: ['inDevice'] },
      lists: { device: ['device', 'state'], product: ['product', 'state'], state: ['state'] },
    },
  ),

  /** A public key of an element; the private one never leaves it. */
  elementKey: table(
    'elk',
    {
      element: id('elm'),
      slot: text,
      fingerprint: bytes,
      /** SHA-256 of the certificate that its maker gave it, where there is one. */
      certificateSha256: optional(bytes),
    },
    {
      unique: { fingerprint: ['fingerprint'] },
      lists: { element: ['element'] },
      appendOnly: true,
    },
  ),

  /** A published revocation list: full, delta, or of one shard; rows stay for ever, bytes do not. */
  crl: table(
    'crl',
    {
      authority: id('aut'),
      /** `fullCrl` and `deltaCrl` (core/ledger/shards) for the full CRL and the delta to it. */
      shard: integer,
      number: integer,
      /** Empty once nobody needs it, and for a great list, whose bytes stand in `crlPart`. */
      der: bytes,
      thisUpdate: instant,
      nextUpdate: instant,
      /** Its number, where it stands for the one sequence of full and delta: null for a shard and for a delta beside its full. */
      issue: optional(integer),
      /** The full one to which a delta is; of a full one, that to which the deltas after it are. */
      base: optional(integer),
      /** Certificates that ended before it had left the list; null: all are on it. */
      endedBefore: optional(instant),
      entries: optional(integer),
      /** Of the whole of it, for who has the list and wants to see it in the record. */
      sha256: optional(bytes),
      /** In so many rows of `crlPart`; null: in `der`. */
      parts: optional(integer),
    },
    {
      unique: { number: ['authority', 'shard', 'number'], issue: ['authority', 'issue'] },
      lists: { latest: ['authority', 'shard', 'number'] },
    },
  ),

  /** A piece of a list that is too great for one row: written before the list, emptied when nobody needs it. */
  crlPart: table(
    'crp',
    {
      crl: id('crl'),
      part: integer,
      bytes,
      /** The list, while the bytes are here; null once they are gone. */
      kept: optional(id('crl')),
    },
    { unique: { part: ['crl', 'part'] }, lists: { kept: ['kept'] } },
  ),

  /** A door for devices: product + profile + authority under a label that is never reused. */
  entrance: table(
    'ent',
    {
      label: text,
      product: id('prd'),
      profile: text,
      authority: id('aut'),
      /** The door that a product's devices use when they name none; at most one a product. */
      isDefault: boolean,
      createdAt: instant,
    },
    { unique: { label: ['label'] }, lists: { product: ['product'] } },
  ),

  /** A one-time enrolment code, kept only as a hash, bound to one device. */
  code: table(
    'cod',
    {
      /** SHA-256 of the code; the code has over 100 bits, so no slow hash is needed. */
      codeSha256: bytes,
      device: id('dev'),
      product: id('prd'),
      createdAt: instant,
      createdBy: text,
      expiresAt: instant,
      usedAt: optional(instant),
      /** The certificate that it led to. */
      usedFor: optional(id('crt')),
      /** The waiting request that it came with: good for that one only, until it is decided. */
      heldFor: optional(id('req')),
      /** Of a ticket: what was proved of the one key that it is good for. Null: an operator made it. */
      attestation: optional(id('att')),
    },
    {
      unique: { codeSha256: ['codeSha256'] },
      lists: { device: ['device'], expires: ['expiresAt'] },
    },
  ),

  /** A wish for a certificate that a person has to decide on: one row a wish, kept with its end. */
  request: table(
    'req',
    {
      /** As in a repetition: SHA-256 over credential, operation, entrance and request. */
      requestKey: bytes,
      state: word('waiting', 'approved', 'refused', 'answered', 'expired'),
      device: id('dev'),
      product: id('prd'),
      entrance: id('ent'),
      operation: word('enrol', 'reenrol'),
      /** PKCS #10 as it came, DER; a decision is about these bytes and no others. */
      request: bytes,
      requestSha256: bytes,
      proof: word(
        ...(['code', 'birth-certificate', 'current-certificate', 'operator', 'registrar'] as const),
        'tpm',
        'secure-element',
      ),
      credential: text,
      registrar: optional(id('rgr')),
      proxy: optional(id('pxy')),
      sourceAddress: text,
      /** By which it would be issued; a later version asks for a new decision. */
      profile: text,
      profileVersion: integer,
      askedAt: instant,
      expiresAt: instant,
      /** When its code would have expired without it. */
      codeExpiresAt: optional(instant),
      decidedAt: optional(instant),
      decidedBy: optional(text),
      reason: optional(text),
      certificate: optional(id('crt')),
    },
    {
      unique: { requestKey: ['requestKey'] },
      lists: { state: ['state', 'expiresAt'], device: ['device', 'state'] },
    },
  ),

  /** Who may enrol on behalf of devices (id-kp-cmcRA), known by its certificate. */
  registrar: table(
    'rgr',
    {
      name: text,
      key: id('key'),
      certificateSha256: bytes,
      /** The ids of the products whose devices it may speak for. */
      products: json<readonly string[]>(),
      state: word('active', 'removed'),
      createdAt: instant,
      expiresAt: instant,
      /** Whether it also asks for renewals: the registration authority of another installation. */
      renews: optional(boolean),
    },
    { unique: { name: ['name'], certificate: ['certificateSha256'] } },
  ),

  /** A proxy that ends TLS before us and may tell whose certificate it saw (RFC 9440). */
  proxy: table(
    'pxy',
    {
      name: text,
      key: id('key'),
      certificateSha256: bytes,
      state: word('active', 'removed'),
      createdAt: instant,
    },
    { unique: { name: ['name'], certificate: ['certificateSha256'] } },
  ),

  /** Somebody else's authority that signs for profiles of ours; inventory, policy and log stay here. */
  upstream: table(
    'ups',
    {
      name: text,
      protocol: word('est', 'acme', 'rest'),
      /** Where it is: the base of EST or REST, or the directory of ACME; https. */
      address: text,
      /** What it calls what we ask of it (an EST label, names of a managed authority); nothing secret. */
      settings: json<Readonly<Record<string, string>>>(),
      /** DER in base64 of the roots by which its server is known; none: those of the machine. */
      serverRoots: json<readonly string[]>(),
      /** The key in the key store that proves us to it; null where a secret in a file does. */
      credentialKey: optional(text),
      /** DER in base64 of the certificate of that key, leaf first; empty where none is shown. */
      credentialChain: json<readonly string[]>(),
      credentialEndsAt: optional(instant),
      /** The name of a file of the owner's in DATA/upstream; never what is in it. */
      secretFile: optional(text),
      /** So long it promises to answer the same request the same; 0: it promises nothing. */
      repeatsMinutes: integer,
      /** The ids of its authorities, as far as they are known here. */
      authorities: json<readonly string[]>(),
      state: word('active', 'removed'),
      createdAt: instant,
      createdBy: text,
    },
    { unique: { name: ['name'] }, lists: { state: ['state'] } },
  ),

  /** One certificate that an upstream is asked for: booked before it is asked, and kept with its end. */
  upstreamOrder: table(
    'uor',
    {
      certificate: id('crt'),
      upstream: id('ups'),
      state: word('open', 'answered', 'turned-down', 'refused', 'given-up'),
      /** `booked`: never sent. `asked`: may have been heard. `waiting`: the upstream said that it works on it. */
      stage: word('booked', 'asked', 'waiting'),
      /** PKCS #10, DER, as it is sent. */
      request: bytes,
      /** TBSCertificate, DER: what policy approved, and what the answer is held against. */
      expected: bytes,
      /** Why it is made, for whoever books the answer. */
      occasion: json<unknown>(),
      /** How the upstream calls it: the URL of an ACME order, the key that makes a REST call repeatable. */
      transaction: optional(text),
      /** As in a repetition, of the device's own request; null where none came. */
      requestKey: optional(bytes),
      /** Until then somebody is asking; a crash leaves it to others. */
      heldUntil: instant,
      /** First time that the upstream may have heard of it. */
      askedAt: optional(instant),
      /** Not asked again before. */
      nextAt: instant,
      /** Given up after. */
      until: instant,
      tries: integer,
      /** What the upstream said last, in its own words; for operators only. */
      words: optional(text),
      /** A certificate that came and was not taken, DER. */
      refusedAnswer: optional(bytes),
      /** Once its certificate was revoked here: whether the upstream revoked it too, or a person has to. */
      revocation: optional(word('done', 'by-hand')),
      createdAt: instant,
      endedAt: optional(instant),
    },
    {
      unique: { certificate: ['certificate'] },
      lists: { state: ['state', 'nextAt'], upstream: ['upstream', 'state'] },
    },
  ),

  /** A relaxation of a rule: which, who, why, until when. */
  exception: table(
    'exc',
    {
      rule: text,
      subject: text,
      grantedBy: text,
      reason: text,
      until: optional(instant),
      createdAt: instant,
    },
    { lists: { subject: ['subject'], rule: ['rule'] }, appendOnly: true },
  ),

  /** Someone who signs in. */
  person: table(
    'psn',
    {
      name: text,
      role: word('administrator', 'operator', 'auditor'),
      state: word('invited', 'active', 'removed'),
      /** PHC string of argon2id; null until the first passphrase is chosen. */
      passphrase: optional(text),
      createdAt: instant,
      signedInAt: optional(instant),
      /** Whether somebody ever took the account up; null: it is older than the question. */
      hasJoined: optional(boolean),
    },
    { unique: { name: ['name'] }, lists: { state: ['state'] } },
  ),

  /** A signed-in browser or a machine's grant; the token itself is never kept. */
  session: table(
    'ses',
    {
      tokenSha256: bytes,
      person: id('psn'),
      createdAt: instant,
      expiresAt: instant,
      endedAt: optional(instant),
    },
    {
      unique: { tokenSha256: ['tokenSha256'] },
      lists: { person: ['person'], expires: ['expiresAt'] },
    },
  ),

  /** A link by which a person takes up an account: the first administrator's claim, or an invitation. */
  invitation: table(
    'inv',
    {
      tokenSha256: bytes,
      /** Null for the claim of the first administrator. */
      person: optional(id('psn')),
      expiresAt: instant,
      usedAt: optional(instant),
      createdAt: instant,
    },
    { unique: { tokenSha256: ['tokenSha256'] }, lists: { expires: ['expiresAt'] } },
  ),

  /** A machine that may use the admin API on the device port, by its client certificate's key. */
  machine: table(
    'mch',
    {
      name: text,
      role: word('administrator', 'operator', 'auditor', 'verifier', 'signer'),
      /** Of a signer: the ids of the products of which it has digests signed; null for all other roles. */
      products: optional(json<readonly string[]>()),
      key: id('key'),
      state: word('active', 'removed'),
      createdAt: instant,
    },
    { unique: { name: ['name'], key: ['key'] } },
  ),

  /** A service that runs builds, and for which of its jobs its word is taken. */
  buildTrust: table(
    'bdt',
    {
      name: text,
      /** `iss` of its ID tokens, an address. */
      issuer: text,
      /** `aud`. */
      audience: text,
      /** `sub`, whole; or its beginning, before a star at the end. */
      subject: text,
      /** The ids of the products that such a job may release; at least one. */
      products: json<readonly string[]>(),
      /** How long a grant lasts. */
      minutes: integer,
      state: word('active', 'removed'),
      createdBy: text,
      createdAt: instant,
    },
    {
      unique: { name: ['name'] },
      lists: { issuer: ['issuer', 'state'], created: ['createdAt'] },
    },
  ),

  /** What a job may do for some minutes; the token itself is never kept. */
  grant: table(
    'grn',
    {
      tokenSha256: bytes,
      /** Of the ID token that it was given for: for each, once. */
      idTokenSha256: bytes,
      /** On whose word it stands: the ids of all that fitted; at least one. */
      buildTrusts: json<readonly string[]>(),
      /** `sub` of the job. */
      subject: text,
      products: json<readonly string[]>(),
      grantedAt: instant,
      expiresAt: instant,
    },
    {
      unique: { token: ['tokenSha256'], idToken: ['idTokenSha256'] },
      lists: { expires: ['expiresAt'] },
      appendOnly: true,
    },
  ),

  /**
   * A program of the maker that meets devices (a broker, a server, whoever reads from them), with an identity of
   * its own that it renews by itself.
   */
  application: table(
    'app',
    {
      name: text,
      /** A profile of kind server or client, which says what its identity is for. */
      profile: text,
      /** DNS names and addresses of a server: its certificates name these and no others; empty for a client. */
      names: json<readonly string[]>(),
      /** The ids of the products whose devices it is for; empty: of every product. */
      products: json<readonly string[]>(),
      state: word('active', 'removed'),
      /** SHA-256 of the newest one-time code; codes made before it end with it. */
      codeSha256: optional(bytes),
      codeExpiresAt: optional(instant),
      codeUsedAt: optional(instant),
      createdAt: instant,
      createdBy: text,
      /** Last time that it was given an identity here, or first used one. */
      seenAt: optional(instant),
    },
    { unique: { name: ['name'], code: ['codeSha256'] }, lists: { state: ['state'] } },
  ),

  /** Something that needs a person: open until its cause is gone; acknowledged when somebody has seen it. */
  alarm: table(
    'alm',
    {
      /** A row of `alarmKinds` (core/watch). */
      kind: text,
      /** What it is about: an id, or a name where there is no record. */
      subject: text,
      severity: word('notice', 'warning', 'critical'),
      state: word('open', 'cleared'),
      /** One line for people, without secrets. */
      text,
      facts: json<Readonly<Record<string, string | number | boolean | null>>>(),
      raisedAt: instant,
      lastSeenAt: instant,
      clearedAt: optional(instant),
      acknowledgedBy: optional(text),
      acknowledgedAt: optional(instant),
      /** Kind and subject while it is open, so that there is one; null once cleared. */
      openKey: optional(text),
    },
    {
      unique: { open: ['openKey'] },
      lists: {
        raised: ['raisedAt'],
        state: ['state', 'raisedAt'],
        kind: ['kind', 'state', 'raisedAt'],
        severity: ['state', 'severity', 'raisedAt'],
      },
    },
  ),

  /** Where alarms are told: an address by mail, or a program by webhook. */
  notificationTarget: table(
    'ntf',
    {
      name: text,
      kind: word('smtp', 'webhook'),
      /** A mail address, or a URL. */
      address: text,
      /** For mail: server, sender, user and the name of the password's file; never the password. */
      settings: json<Readonly<Record<string, string>>>(),
      /** The least severity that is told here. */
      severity: word('notice', 'warning', 'critical'),
      /** The kinds of alarm that are told here; empty: all. */
      kinds: json<readonly string[]>(),
      state: word('active', 'removed'),
      createdAt: instant,
      createdBy: text,
    },
    { unique: { name: ['name'] }, lists: { state: ['state'] } },
  ),

  /** One message to one target, written in the commit of what it tells of. */
  delivery: table(
    'dlv',
    {
      target: id('ntf'),
      /** Null for a test. */
      alarm: optional(id('alm')),
      what: word('raised', 'cleared', 'test'),
      message: json<unknown>(),
      state: word('waiting', 'failed', 'sent', 'given-up'),
      tries: integer,
      /** When it is tried next; the last try once it is over. */
      nextAt: instant,
      lastError: optional(text),
      createdAt: instant,
      sentAt: optional(instant),
    },
    {
      lists: {
        target: ['target'],
        state: ['state', 'nextAt'],
        queue: ['target', 'state'],
      },
    },
  ),

  /** A demand that devices renew before their time, each at a moment of its own. */
  renewalOrder: table(
    'rno',
    {
      authority: optional(id('aut')),
      product: optional(id('prd')),
      lot: optional(text),
      algorithm: optional(text),
      /** The window over which the devices are spread. */
      fromAt: instant,
      until: instant,
      because: text,
      /** Working identities that it meant when it was given. */
      total: integer,
      state: word('open', 'ended'),
      createdAt: instant,
      createdBy: text,
      endedAt: optional(instant),
    },
    { lists: { state: ['state'] } },
  ),

  /** One value per name for what belongs to the whole installation. */
  setting: table(
    'set',
    { name: text, value: json<unknown>(), changedAt: instant },
    {
      unique: { name: ['name'] },
    },
  ),

  /** One process of the server, from its start on. */
  node: table(
    'nod',
    {
      /** New at each start. */
      name: text,
      host: text,
      /** Where it keeps what is its own; whoever starts there later is its successor. */
      directory: text,
      process: integer,
      programVersion: text,
      publicUrl: optional(text),
      names: json<readonly string[]>(),
      addresses: json<{
        readonly devices: string
        readonly operators: string
        readonly status: string
      }>(),
      startedAt: instant,
      /** Its last sign of life, in the database's time. */
      seenAt: instant,
      /** How far its clock is ahead of the database's; null where it has the only clock. */
      clockAheadMilliseconds: optional(integer),
      /** Digest of the lists of weak keys that its gate asks, which each node keeps for itself; null: not yet said. */
      keyLists: optional(text),
      stoppedAt: optional(instant),
      /** Null once it has stopped, or a successor took its place. */
      runningSince: optional(instant),
    },
    { unique: { name: ['name'] }, lists: { running: ['runningSince'] } },
  ),

  /** A backup that was written: which store at which moment, for whom, and the digest of the file. */
  backup: table(
    'bak',
    {
      /** Where it was written, on the machine that wrote it. */
      file: text,
      /** SHA-256 of the encrypted file. */
      sha256: bytes,
      size: integer,
      moment: instant,
      epoch: integer,
      logSize: integer,
      logRoot: bytes,
      rows: integer,
      withRoot: boolean,
      /** Whose identities open it: names, and age recipients. */
      recipients: json<readonly { readonly name: string; readonly recipient: string }[]>(),
      madeBy: text,
      madeAt: instant,
    },
    { lists: { made: ['madeAt'] }, appendOnly: true },
  ),

  /** A head of the log that this epoch does not continue: the restored one, or one of the lost time. */
  logHead: table(
    'lgh',
    {
      kind: word('restored', 'lost'),
      /** The epoch that ended with it. */
      epoch: integer,
      /** The name of the log then: the first line of its checkpoints. */
      origin: text,
      size: integer,
      root: bytes,
      /** The signed checkpoint; null where none had been published. */
      checkpoint: optional(text),
      addedBy: text,
      addedAt: instant,
    },
    { unique: { head: ['origin', 'size', 'root'] }, appendOnly: true },
  ),

  /** A certificate of the time that a restore lost, known again since its device presented it. */
  learnt: table(
    'lrn',
    {
      certificate: id('crt'),
      device: id('dev'),
      epoch: integer,
      at: instant,
    },
    {
      unique: { certificate: ['certificate'] },
      lists: { device: ['device'], epoch: ['epoch'] },
      appendOnly: true,
    },
  ),

  /** A piece of time-driven work, held by one node at a time. */
  job: table(
    'job',
    {
      name: text,
      dueAt: instant,
      /** The node that has it, and until when; a fence counts each taking. */
      holder: optional(text),
      heldUntil: optional(instant),
      fence: integer,
      lastRunAt: optional(instant),
      lastResult: optional(text),
      /** End of the last run that did not fail. */
      lastGoodAt: optional(instant),
    },
    { unique: { name: ['name'] }, lists: { due: ['dueAt'] } },
  ),

  /**
   * Which TPM a device is expected to have, by its endorsement key (EK). One TPM belongs to one device for
   * ever: a row that was replaced keeps its keys.
   */
  endorsement: table(
    'edt',
    {
      device: id('dev'),
      /** Of the endorsement key; null until the TPM was seen, where the factory gave a hash alone. */
      fingerprint: optional(bytes),
      /** SHA-256 of its SubjectPublicKeyInfo, null as the fingerprint is: what factories and openssl speak of. */
      spkiSha256: optional(bytes),
      /** SHA-256 of the endorsement certificate, where one is known. */
      certificateSha256: optional(bytes),
      /** What the factory gave where it gave no key: SHA-256 of the SubjectPublicKeyInfo, or of the certificate. */
      announcedSha256: optional(bytes),
      source: word('factory', 'first-contact'),
      state: word('expected', 'replaced'),
      addedAt: instant,
      /** The person, or for a first contact the device. */
      addedBy: text,
      replacedAt: optional(instant),
      /** First time that it proved itself here. */
      seenAt: optional(instant),
    },
    {
      unique: {
        fingerprint: ['fingerprint'],
        spki: ['spkiSha256'],
        certificate: ['certificateSha256'],
        announced: ['announcedSha256'],
      },
      lists: { device: ['device'] },
    },
  ),

  /**
   * What was proved of where a key lives, once, at a moment; the newest of a key counts.
   *
   * The key need not be certified, nor its device be known: a maker's list vouches for keys before their
   * devices ask.
   */
  attestation: table(
    'att',
    {
      keyFingerprint: bytes,
      /** Null: the key lives in a genuine element, and whose that is was not said. */
      device: optional(id('dev')),
      form: word('tpm', 'secure-element'),
      /** How the hardware calls itself: what hwSerialNum of a hardwareModuleName says (RFC 4108). */
      module: text,
      /** SHA-256 of the certificate by which the hardware's maker vouches for it. */
      moduleCertificateSha256: optional(bytes),
      /** What we asked it to sign, so that it is new; null where the maker signed, long ago. */
      nonce: optional(bytes),
      /** SHA-256 of the evidence, whose bytes stand in a table of their own. */
      evidenceSha256: bytes,
      /** What was verified, in words and values. */
      facts: json<Readonly<Record<string, string | number | boolean | null>>>(),
      /** How the measurements of its platform stand to the reference values; `none`: it sent none. */
      quote: word('none', 'matched', 'differs', 'unreferenced'),
      at: instant,
      /** After it the proof is too old for a new certificate; null: what was proved does not age. */
      until: optional(instant),
    },
    {
      lists: { key: ['keyFingerprint', 'at'], device: ['device', 'at'], form: ['form', 'at'] },
      appendOnly: true,
    },
  ),

  /** The bytes that an attestation was judged by, by its id: for an audit, and for nobody else. */
  evidence: table('att', { bytes }, { appendOnly: true }),

  /**
   * The exchange by which a device proves its TPM: one row a device for an attestation key that it proved before,
   * and one for all others, the newest exchange in it.
   */
  attestationSession: table(
    'ats',
    {
      device: id('dev'),
      /** Who knows serial and endorsement key alone comes as `new`, and disturbs none who is `proved`. */
      lane: word('proved', 'new'),
      /** SHA-256 of the token, over 100 bits of chance, by which the device goes on. */
      tokenSha256: bytes,
      state: word('open', 'over'),
      /** The door whose profile and issuer count. */
      entrance: id('ent'),
      /** Null: a first contact, which binds the TPM. */
      endorsement: optional(id('edt')),
      /** The enrolment code of a first contact. */
      code: optional(id('cod')),
      /** Of the endorsement key. */
      fingerprint: bytes,
      spkiSha256: bytes,
      certificateSha256: optional(bytes),
      /** What is known of the TPM: its name for itself, maker, and which root vouches for it. */
      facts: json<Readonly<Record<string, string | number | boolean | null>>>(),
      /** TPMT_PUBLIC of the attestation key, as its name was computed. */
      attestationKey: bytes,
      /** SHA-256 of the secret that only this TPM can tell; empty once the exchange is over. */
      secretSha256: bytes,
      nonce: bytes,
      /** The registers that the quote shall be over, as `sha256:0,1,7`; null: nobody asks. */
      selection: optional(text),
      sourceAddress: text,
      beganAt: instant,
      expiresAt: instant,
    },
    {
      unique: { device: ['device', 'lane'], token: ['tokenSha256'] },
      lists: { state: ['state', 'expiresAt'] },
    },
  ),

  /** What the platform of a product measures when it runs a firmware that the maker released. */
  referenceValues: table(
    'rfv',
    {
      product: id('prd'),
      /** Null: of every revision. */
      hardwareRevision: optional(text),
      firmwareVersion: text,
      bank: word('sha1', 'sha256', 'sha384', 'sha512'),
      /** Hexadecimal digests by the number of the register. */
      values: json<Readonly<Record<string, string>>>(),
      state: word('active', 'withdrawn'),
      /** What it is for, in one word, while it is active: there is one of each. */
      activeKey: optional(text),
      addedAt: instant,
      addedBy: text,
    },
    { unique: { active: ['activeKey'] }, lists: { product: ['product', 'state'] } },
  ),
} as const satisfies Record<string, Table>

export type Kind = keyof typeof tables

/** The record of a kind, e.g. `LedgerRecord<'device'>`. */
export type LedgerRecord<K extends Kind> = RecordOf<(typeof tables)[K]>

export type Party = LedgerRecord<'party'>
export type Product = LedgerRecord<'product'>
export type Device = LedgerRecord<'device'>
export type Key = LedgerRecord<'key'>
export type CertificateRecord = LedgerRecord<'certificate'>
export type Enrolment = LedgerRecord<'enrolment'>
export type Repetition = LedgerRecord<'repetition'>
export type ProfileRecord = LedgerRecord<'profile'>
export type Authority = LedgerRecord<'authority'>
export type BareRevocation = LedgerRecord<'bareRevocation'>
export type VendorBundleRecord = LedgerRecord<'vendorBundle'>
export type VendorRoot = LedgerRecord<'vendorRoot'>
export type Element = LedgerRecord<'element'>
export type ElementKeyRecord = LedgerRecord<'elementKey'>
export type RevocationRecord = LedgerRecord<'revocation'>
export type Integration = LedgerRecord<'integration'>
export type Enforcement = LedgerRecord<'enforcement'>
export type StatusFileRecord = LedgerRecord<'statusFile'>
export type KeyMaking = LedgerRecord<'keyMaking'>
export type SignatureRecord = LedgerRecord<'signature'>
export type KeyFinding = LedgerRecord<'keyFinding'>
export type ScanRecord = LedgerRecord<'scan'>
export type Release = LedgerRecord<'release'>
export type ReleasePart = LedgerRecord<'releasePart'>
export type ReleaseManifestRecord = LedgerRecord<'releaseManifest'>
export type ReleaseLine = LedgerRecord<'releaseLine'>
export type BuilderKey = LedgerRecord<'builderKey'>
export type Stored = LedgerRecord<'stored'>
export type Upload = LedgerRecord<'upload'>
export type SigningPolicy = LedgerRecord<'signingPolicy'>
export type ApproverKey = LedgerRecord<'approverKey'>
export type Approval = LedgerRecord<'approval'>
export type Emergency = LedgerRecord<'emergency'>
export type ArtefactKey = LedgerRecord<'artefactKey'>
export type SignedArtefactRecord = LedgerRecord<'signedArtefact'>
export type SigningPlanRecord = LedgerRecord<'signingPlan'>
export type Installed = LedgerRecord<'installed'>
export type Rotation = LedgerRecord<'rotation'>
export type KeyEnding = LedgerRecord<'keyEnding'>
export type CrlRecord = LedgerRecord<'crl'>
export type CrlPart = LedgerRecord<'crlPart'>
export type Entrance = LedgerRecord<'entrance'>
export type Code = LedgerRecord<'code'>
export type PendingRequest = LedgerRecord<'request'>
export type Registrar = LedgerRecord<'registrar'>
export type ProxyRecord = LedgerRecord<'proxy'>
export type Upstream = LedgerRecord<'upstream'>
export type UpstreamOrder = LedgerRecord<'upstreamOrder'>
export type Exception = LedgerRecord<'exception'>
export type Person = LedgerRecord<'person'>
export type Session = LedgerRecord<'session'>
export type Invitation = LedgerRecord<'invitation'>
export type Machine = LedgerRecord<'machine'>
export type RevocationLimit = LedgerRecord<'revocationLimit'>
export type BuildTrust = LedgerRecord<'buildTrust'>
export type Grant = LedgerRecord<'grant'>
export type Application = LedgerRecord<'application'>
export type Setting = LedgerRecord<'setting'>
export type NodeRecord = LedgerRecord<'node'>
export type Job = LedgerRecord<'job'>
export type Alarm = LedgerRecord<'alarm'>
export type NotificationTarget = LedgerRecord<'notificationTarget'>
export type Delivery = LedgerRecord<'delivery'>
export type RenewalOrder = LedgerRecord<'renewalOrder'>
export type BackupRecord = LedgerRecord<'backup'>
export type LogHeadRecord = LedgerRecord<'logHead'>
export type RootLink = LedgerRecord<'rootLink'>
export type AnchorSet = LedgerRecord<'anchorSet'>
export type Learnt = LedgerRecord<'learnt'>
export type AuthorityRequest = LedgerRecord<'authorityRequest'>
export type CeremonyRecord = LedgerRecord<'ceremony'>
export type Endorsement = LedgerRecord<'endorsement'>
export type Attestation = LedgerRecord<'attestation'>
export type AttestationSession = LedgerRecord<'attestationSession'>
export type ReferenceValues = LedgerRecord<'referenceValues'>
