// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { environment, id, instant, label, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'
import { eventView } from '../views.ts'
import { judgementView } from './approvals.ts'
import { digest, fileName } from './artefacts.ts'
import { scanLine } from './scans.ts'
import { artefactForm } from './signing-keys.ts'

const count = z.int().min(0)
const kind = z.enum(['security', 'feature', 'configuration'])
const state = z.enum([
  ...(['draft', 'submitted', 'approved', 'signed', 'published', 'withdrawn'] as const),
])
const partRole = z.enum(['artefact', 'sbom', 'vex', 'provenance', 'test'])
const documentRole = z.enum(['artefact', 'sbom', 'vex', 'provenance'])

export const releaseView = z.object({
  id: id('rel'),
  version: z.int().min(1),
  product: id('prd'),
  firmwareVersion: z.string(),
  securityVersion: count,
  kind,
  channel: z.string(),
  environment,
  state,
  revision: z.int().min(1),
  supportUntil: instant.nullable(),
  manifestSha256: digest.nullable(),
  contributors: z.array(z.string()),
  createdBy: z.string(),
  createdAt: instant,
  submittedAt: instant.nullable(),
  signedAt: instant.nullable(),
  publishedAt: instant.nullable(),
  withdrawnAt: instant.nullable(),
  because: z.string().nullable(),
})

const partView = z.object({
  id: id('rlp'),
  role: partRole,
  name: z.string(),
  sha256: digest,
  octets: count,
  /** What was read in it. */
  facts: z.record(z.string(), z.unknown()),
  addedBy: z.string(),
  addedAt: instant,
})

const signingKeyView = z.object({ name: z.string(), sha256: digest })
const signingView = z.object({
  /** The number of the signing plan; 0: there is none, and whoever signs chooses a line. */
  plan: count,
  lines: z.array(
    z.object({
      form: z.string(),
      artefacts: z.array(z.string()).nullable(),
      of: z.string().nullable(),
      options: z.record(
        z.string(),
        z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).readonly()]),
      ),
      keys: z.array(signingKeyView),
      devices: z.string().nullable(),
      name: z.string().nullable(),
    }),
  ),
  /** Who may be asked for bare signatures over digests. */
  bare: z.array(signingKeyView),
  /** What builds say is to be signed of artefacts whose octets are not here. */
  digests: z.array(
    z.object({
      artefact: z.string(),
      of: z.string(),
      form: z.string(),
      over: z.enum(['digest', 'message']),
      key: signingKeyView,
    }),
  ),
})

/** An event with the way from its leaf to the root of the log, for who believes nobody. */
export const provedEvent = z.object({
  ...eventView.shape,
  /** Null until the event has its place in the log. */
  proof: z
    .object({
      /** The octets whose SHA-256 with 00 before it is the leaf: salt and body are in it. */
      salt: z.string(),
      body: z.string(),
      path: z.array(z.string()),
    })
    .nullable(),
})

/** What a scan of a release tells: of which artefact, then as of any image. */
export const releaseScanLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('artefact'), name: z.string(), sha256: digest }),
  ...scanLine.options,
])

/** What an SBOM does not say of one component, or (null) of itself. */
const gapLine = z.object({
  sbom: z.string(),
  component: z.string().nullable(),
  componentVersion: z.string().nullable(),
  missing: z.array(z.string()),
})

const release = id('rel').describe('the release')
const terms = {
  firmwareVersion: label.describe('the version of the firmware, as devices say it'),
  securityVersion: z
    .int()
    .min(0)
    .max(0xffff_ffff)
    .describe('what devices compare with their counter; of a product and channel it never falls'),
  kind: kind.describe(
    'security alone, so that it can be taken without features; or what else it is',
  ),
  channel: label.describe('which devices it is for, such as stable or pilot'),
  supportUntil: instant.describe('until when devices that run it are to be able to check it'),
}

export const releases = {
  'release.create': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases',
    role: 'operator',
    builders: true,
    creates: true,
    input: z.strictObject({
      product: id('prd').describe('the product'),
      firmwareVersion: terms.firmwareVersion,
      securityVersion: terms.securityVersion,
      kind: terms.kind.default('feature'),
      channel: terms.channel.default('stable'),
      environment: environment
        .optional()
        .describe('that of the installation; no other is possible'),
      supportUntil: terms.supportUntil.optional(),
    }),
    output: releaseView,
    summary: 'begin a release',
    help: 'It is a draft until it is submitted. A version of a product and channel is taken once and for all.',
    positional: ['product', 'firmwareVersion'],
    flags: { firmwareVersion: 'version' },
    references: { product: 'product' },
  }),

  'release.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/releases',
    role: 'auditor',
    builders: true,
    input: z.strictObject({
      ...paging,
      product: id('prd').optional().describe('only releases of this product'),
      state: state.optional().describe('only releases in this state'),
      channel: label.optional().describe('only releases in this channel'),
    }),
    output: releaseView,
    summary: 'list releases, the newest first',
    help: 'Where each of them stands.',
    references: { product: 'product' },
  }),

  'release.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/releases/:release',
    role: 'auditor',
    builders: true,
    input: z.strictObject({ release }),
    output: z.object({
      ...releaseView.shape,
      productName: z.string(),
      /** Of people and machines that had a part in it, by their ids: as the ledger has them now, which no event proves. */
      names: z.record(z.string(), z.string()),
      parts: z.array(partView),
      scans: z.array(
        z.object({
          id: id('scn'),
          artefact: z.string(),
          rules: z.string(),
          result: z.enum(['clean', 'found', 'part']),
          found: count,
          notScanned: count,
          madeHere: z.boolean(),
          endedAt: instant,
        }),
      ),
      /** How it will be signed: as it was submitted, else as things are now; null: the plan cannot be carried out. */
      signing: signingView.nullable(),
      /** What stands between it and its signature, judged now. */
      verdict: judgementView.shape.verdict,
      policy: judgementView.shape.policy,
      checks: judgementView.shape.checks,
      missing: judgementView.shape.missing,
      emergency: judgementView.shape.emergency,
      approvals: z.array(
        z.object({
          id: id('apv'),
          person: id('psn'),
          name: z.string(),
          act: z.enum(['approve', 'refuse', 'review']),
          role: z.string(),
          meaning: z.string(),
          statedAt: instant,
          takenAt: instant,
          manifestSha256: digest,
          voidedAt: instant.nullable(),
          voidedBecause: z.string().nullable(),
        }),
      ),
      signed: z.array(
        z.object({
          id: id('sga'),
          part: id('rlp'),
          name: z.string(),
          form: z.string(),
          sourceSha256: digest,
          sha256: digest,
          octets: count,
          keys: z.array(z.string()),
          isTimeStamped: z.boolean(),
          /** What its time-stamp says; "release.time-stamp" gives the token itself. */
          timeStamp: z
            .object({
              at: instant,
              /** Hexadecimal. */
              serialNumber: z.string(),
              /** Null: the token bears no certificate of who stamped. */
              authority: z.string().nullable(),
            })
            .nullable(),
          facts: z.record(z.string(), z.unknown()),
          signedAt: instant,
        }),
      ),
      log: z.object({
        size: count,
        rootSha256: digest.nullable(),
        checkpoint: z.string().nullable(),
      }),
      events: z.array(provedEvent),
    }),
    summary: 'show the whole story of a release',
    help: 'Its parts with what was read in them, the checks, scans, approvals and signatures, and every event with the proof that it is in the signed log. "vitalsign release check FILE" checks that without any server.',
    positional: ['release'],
  }),

  'release.manifest': operation({
    kind: 'plain',
    method: 'GET',
    path: '/releases/:release/manifest',
    role: 'auditor',
    builders: true,
    input: z.strictObject({
      release,
      revision: z.int().min(1).optional().describe('that of an earlier revision'),
    }),
    output: z.object({
      release: id('rel'),
      revision: z.int(),
      sha256: digest,
      madeAt: instant,
      /** The text itself: its octets in UTF-8 have that digest. */
      manifest: z.string(),
    }),
    summary: 'show the text that is approved and signed',
    help: 'Canonical JSON of what the release is, as it was submitted: its SHA-256 is what people approve.',
    positional: ['release'],
  }),

  'release.edit': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/edit',
    role: 'operator',
    builders: true,
    input: z.strictObject({
      release,
      firmwareVersion: terms.firmwareVersion.optional(),
      securityVersion: terms.securityVersion.optional(),
      kind: terms.kind.optional(),
      channel: terms.channel.optional(),
      supportUntil: terms.supportUntil.optional(),
    }),
    output: releaseView,
    summary: 'change what a release says of itself',
    help: 'Any change leads back to a draft, and voids every approval.',
    positional: ['release'],
    flags: { firmwareVersion: 'version' },
  }),

  'release.attach': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/parts',
    role: 'operator',
    builders: true,
    creates: true,
    input: z.strictObject({
      release,
      role: documentRole.default('artefact').describe('what it is'),
      name: fileName.describe('what it is called'),
      sha256: digest.describe('SHA-256 of octets that were uploaded, or that stay where they are'),
      octets: z
        .int()
        .min(0)
        .max(Number.MAX_SAFE_INTEGER)
        .optional()
        .describe('of an artefact that stays where it is: how many octets it has'),
      toBeSigned: z
        .strictObject({
          of: fileName,
          form: artefactForm,
          key: id('sgk'),
          over: z.enum(['message', 'digest']),
        })
        .optional()
        .describe('of such a one: that it is what a key has to sign of another artefact'),
    }),
    output: partView,
    summary: 'attach an artefact or a document that belongs to it',
    help: 'The octets were uploaded before; the command line does so by itself. Of an artefact that must not leave the site of its build only the digest is attached (--digest-only): it is scanned nowhere here, so a scan of exactly that digest has to be recorded, and what people approve is the digest. A document (SBOM, VEX, provenance) is read, and refused if it is of something else than an artefact of the release, so artefacts come first. Any change leads back to a draft, and voids every approval.',
    positional: ['release'],
  }),

  'release.attach-test': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/tests',
    role: 'operator',
    builders: true,
    creates: true,
    input: z.strictObject({
      release,
      name: label.describe('what was tested'),
      uri: z
        .string()
        .regex(/^[!-~]{1,2000}$/, 'no address')
        .describe('where its report is kept'),
      sha256: digest.describe('SHA-256 of the report'),
      outcome: z.enum(['passed', 'failed']).describe('what it came to'),
    }),
    output: partView,
    summary: 'attach the outcome of a test',
    help: 'Its report stays where it is; its digest says which one was meant. Any change leads back to a draft, and voids every approval.',
    positional: ['release', 'name'],
  }),

  'release.detach': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/parts/:part/detach',
    role: 'operator',
    builders: true,
    input: z.strictObject({ release, part: id('rlp').describe('the part') }),
    output: releaseView,
    summary: 'take a part away from a release',
    help: 'It leads back to a draft, and voids every approval. That it was attached stays in the log.',
    positional: ['release', 'part'],
  }),

  'release.gaps': operation({
    kind: 'lines',
    method: 'GET',
    path: '/releases/:release/gaps',
    role: 'auditor',
    input: z.strictObject({ release }),
    output: gapLine,
    summary: 'say what the lists of components leave out',
    help: 'One line for each component that lacks a baseline attribute (supplier, version, digest, identifier, relationship) or its support level and end of support, and one for a list that does not say who made it and when.',
    positional: ['release'],
  }),

  'release.scan': operation({
    kind: 'lines',
    method: 'POST',
    path: '/releases/:release/scans',
    role: 'operator',
    builders: true,
    input: z.strictObject({
      release,
      again: z.boolean().default(false).describe('look anew into what was scanned here already'),
    }),
    output: releaseScanLine,
    summary: 'scan the artefacts of a release here',
    help: 'Looks into the very octets that are kept here, one artefact after the other, and records each result; of what was scanned here already it tells what was found then. The newest result counts when the release is submitted and signed.',
    positional: ['release'],
  }),

  'release.download': operation({
    kind: 'octets',
    method: 'GET',
    path: '/releases/:release/files/:name',
    role: 'auditor',
    input: z.strictObject({
      release,
      name: fileName.describe('a part of the release, or a signed file of it'),
    }),
    output: z.string(),
    summary: 'fetch a file of a release by its name',
    help: 'Signed files come before parts of the same name. The command line checks the digest that the release has for it.',
    positional: ['release', 'name'],
  }),

  'release.submit': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/submit',
    role: 'operator',
    builders: true,
    input: z.strictObject({ release }),
    output: releaseView,
    summary: 'put a release forward to be approved',
    help: 'Its manifest is written down with what it has now and with the newest scan of each artefact; that text is what people approve.',
    positional: ['release'],
  }),

  'release.withdraw': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/withdraw',
    role: 'operator',
    input: z.strictObject({
      release,
      because: reason.describe('why; written to the log for ever'),
    }),
    output: releaseView,
    summary: 'end a release for good',
    help: 'Its version stays taken. What was signed keeps its signatures: devices that have it run it.',
    positional: ['release'],
  }),

  'release.publish': operation({
    kind: 'plain',
    method: 'POST',
    path: '/releases/:release/publish',
    role: 'operator',
    input: z.strictObject({ release }),
    output: releaseView,
    summary: 'give a signed release to devices',
    help: 'Only what is signed is published, and nothing whose security version is lower than what was signed since.',
    positional: ['release'],
  }),
} as const
