// SPDX-License-Identifier: Apache-2.0
/** From one root to the next: making it, who knows of it, what would break, and the end of the old one. */
import { z } from 'zod'
import { id, instant, label, name, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'
import { authorityView } from '../views.ts'
import { keyEffect } from './rotations.ts'
import { artefactForm, keyState } from './signing-keys.ts'

const authority = id('aut').describe('the authority')
const product = id('prd')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const anchorView = z.object({
  authority: id('aut').nullable(),
  name: z.string(),
  sha256,
})

export const anchorSetView = z.object({
  id: id('anc'),
  product,
  number: z.int(),
  anchors: z.array(anchorView),
  createdAt: instant,
  /** Devices that were given this set last. */
  given: z.int(),
})

const linkView = z.object({
  certified: id('aut'),
  signer: id('aut'),
  sha256,
  notAfter: instant,
})

export const whatIfView = z.object({
  authority: authorityView,
  /** False if nothing would break. */
  breaks: z.boolean(),
  /** In one line. */
  summary: z.string(),
  /** It and every authority below it. */
  ending: z.array(z.string()),
  products: z.array(
    z.object({
      product,
      name: z.string(),
      devices: z.int(),
      /** Those of them of which only certificates in force say so: at most so many. */
      unplaced: z.int(),
      lots: z.array(z.object({ lot: z.string(), devices: z.int() })),
      first: z.array(z.string()),
      withoutAnchor: z.int(),
      births: z.int(),
      expected: z.int(),
    }),
  ),
  entrances: z.array(z.object({ label: z.string(), product: z.string() })),
  /** Whose certificates an upstream signs that would have no authority left. */
  profiles: z.array(z.string()),
  holders: z.array(
    z.object({
      kind: z.enum(['server', 'registrar', 'proxy', 'machine']),
      name: z.string(),
      notAfter: instant,
    }),
  ),
  /** Keys that sign what devices install, and whose certificates end with it. */
  signingKeys: z.array(
    z.object({
      key: id('sgk'),
      name: z.string(),
      product,
      productName: z.string(),
      state: keyState,
      forms: z.array(artefactForm),
      certificateUntil: instant.nullable(),
      releases: z.array(z.string()),
      /** Devices in service that report that they believe it; those of them that report no other key; and the silent. */
      holding: z.int(),
      dependent: z.int(),
      unknown: z.int(),
      first: z.array(z.string()),
      /** What verifiers do once the certificate has ended, or is on a list. */
      effects: z.array(keyEffect),
    }),
  ),
  lists: z.array(z.object({ authority: z.string(), goodUntil: instant.nullable() })),
  /** Whether another authority could go on issuing. */
  isFollowed: z.boolean(),
  /** What a device would see, in sentences. */
  devicesSee: z.array(z.string()),
  /** What to do before, the first thing first. */
  steps: z.array(z.string()),
})

export const rollover = {
  'authority.new-root': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/new-root',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      name: name.describe('the name of the new root; it stands in the address of its list'),
      after: id('aut')
        .optional()
        .describe('the root that it follows; the one in use, of the usual chain'),
      algorithm: z.string().max(40).optional().describe('of its key; as the root before it'),
      keysIn: z
        .enum(['file', 'pkcs11', 'tpm'])
        .default('file')
        .describe('where its key is made and stays'),
      issuing: name
        .optional()
        .describe(
          'make an issuing authority of this name under it at once; doors stay where they are',
        ),
    }),
    output: z.object({
      root: authorityView,
      before: authorityView,
      newWithOld: linkView,
      oldWithNew: linkView,
      issuing: authorityView.nullable(),
    }),
    summary: 'make the root that follows the one in use',
    help: 'Only on the machine itself, with the key of the old root in its place. Both roots and the links between them go to every device by /cacerts; devices of ours follow by themselves. Nothing else moves: "authority succeed" moves doors, "anchor list" shows who was given the new root, "authority what-if" what still hangs on the old one.',
    positional: ['name'],
    references: { after: 'authority' },
  }),

  'authority.link': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/:authority/link',
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      authority: id('aut').describe('the new root, taken here before'),
      after: id('aut').describe('the root that it follows'),
      links: z
        .string()
        .min(1)
        .max(262_144)
        .describe(
          'the link that the old root signed, and the one by the new root if there is one (PEM)',
        ),
    }),
    output: z.object({ before: authorityView, links: z.array(linkView) }),
    summary: 'bring links between two roots, signed elsewhere',
    help: 'For roots whose keys are not here, as those of a ceremony. Each is held to what a device will hold it to. The same links again change nothing.',
    positional: ['authority', 'links'],
    files: ['links'],
    references: { authority: 'authority', after: 'authority' },
  }),

  'authority.what-if': operation({
    kind: 'plain',
    method: 'GET',
    path: '/authorities/:authority/what-if',
    role: 'auditor',
    input: z.strictObject({ authority }),
    output: whatIfView,
    summary: 'tell what would break if an authority ended now',
    help: 'Counts the devices that hang under it and under all below it, by product and lot, those that were given no other root, the doors that would be shut, whose certificates are under it besides, and the signing keys that devices believe through it, form by form. Changes nothing. "device list --under" names every device. Ends with 1 if anything would break.',
    positional: ['authority'],
    references: { authority: 'authority' },
  }),

  'authority.retire': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/:authority/retire',
    role: 'administrator',
    input: z.strictObject({
      authority,
      because: reason
        .optional()
        .describe('why it ends although something breaks; kept as an exception'),
    }),
    output: z.object({
      authority: authorityView,
      retired: z.array(z.string()),
      summary: z.string(),
    }),
    summary: 'end an authority and all below it, for ever',
    help: 'It signs nothing more, its revocation lists neither, and devices are told of it no more. Refused while anything would break (see "authority what-if"), unless you say why; never the last one that issues.',
    positional: ['authority'],
    references: { authority: 'authority' },
  }),

  'anchor.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/anchors',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      product: product.optional().describe('only sets of this product'),
    }),
    output: anchorSetView,
    summary: 'list the sets of roots that devices are to believe',
    help: 'The newest first, each with how many devices were given it last.',
    references: { product: 'product' },
  }),

  'anchor.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/anchors/:product',
    role: 'auditor',
    input: z.strictObject({
      product: product.describe('the product'),
      lot: label.optional().describe('count the devices of this lot alone'),
    }),
    output: z.object({
      product,
      lot: z.string().nullable(),
      /** Undefined number: no device was expected yet. */
      newest: anchorSetView.nullable(),
      devices: z.int(),
      sets: z.array(z.object({ number: z.int(), anchors: z.array(z.string()), given: z.int() })),
      /** In service, and seen to take none yet. */
      none: z.int(),
    }),
    summary: 'show which roots the devices of a product have been given',
    help: 'Counts devices in service by the set that each fetched last over a connection of its own. A device that never showed its certificate there counts as having none.',
    positional: ['product'],
    references: { product: 'product' },
  }),
} as const
