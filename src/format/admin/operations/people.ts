// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { certificatePem, done, id, instant, name, paging, personRole, role } from '../fields.ts'
import { builder, operation, roles, signer } from '../operation.ts'
import { machineView, personView } from '../views.ts'

const token = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'not the token of a link')
const passphrase = z
  .string()
  .max(1024)
  .describe('the passphrase: 12 characters or more, best four unrelated words')
const chosenName = name.describe('your name, as it shall stand in the log')

const signerProducts = z.array(id('prd')).max(50)

/** Who is speaking: by session, by the socket, or by a client certificate. */
const caller = z.object({
  kind: z.enum(['person', 'machine']),
  id: z.string(),
  name: z.string(),
  role: z.enum([...roles, builder, signer]),
  expiresAt: instant.nullable(),
})

/** A link shown once; only a hash of its token is kept. */
const link = z.object({
  token,
  path: z.string().describe('to be put behind the address of the operator port'),
  expiresAt: instant,
})

export const people = {
  claim: operation({
    kind: 'plain',
    method: 'POST',
    path: '/claim',
    creates: true,
    role: 'public',
    doors: ['operator', 'local'],
    input: z.strictObject({
      token: token.optional().describe('the token of the claim link; not needed on this machine'),
      name: chosenName,
      passphrase,
      maker: name.optional().describe('the name of the maker, as it shall stand in certificates'),
    }),
    output: z.object({ person: personView, maker: z.string().nullable() }),
    summary: 'become the first administrator of this installation',
    help: 'Works once, with the link that the first start printed, within 30 minutes. On the machine itself no link is needed. It may name the maker at the same time.',
    positional: ['name'],
    secrets: ['token', 'passphrase'],
  }),

  'claim-link': operation({
    kind: 'plain',
    method: 'POST',
    path: '/claim/link',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({}),
    output: link,
    summary: 'make a new claim link',
    help: 'Only on the machine itself, and only while there is no administrator. The link is good for 30 minutes and once; links made before end.',
  }),

  'sign-in': operation({
    kind: 'plain',
    method: 'POST',
    path: '/session',
    role: 'public',
    doors: ['operator'],
    input: z.strictObject({ name: name.describe('your name'), passphrase }),
    output: z.object({ person: personView, expiresAt: instant }),
    summary: 'sign in with name and passphrase',
    help: 'The session stays in a cookie: it ends after 30 minutes of rest, and after 12 hours in any case.',
    positional: ['name'],
    secrets: ['passphrase'],
  }),

  'sign-out': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/session',
    role: 'auditor',
    doors: ['operator'],
    input: z.strictObject({}),
    output: done,
    summary: 'sign out',
    help: 'Ends this session at once, on the server too.',
  }),

  whoami: operation({
    kind: 'plain',
    method: 'GET',
    path: '/session',
    role: 'auditor',
    builders: true,
    input: z.strictObject({}),
    output: caller,
    summary: 'show who you are here and what you may do',
    help: 'Tells the name and the role under which your acts stand in the log.',
  }),

  'person.invite': operation({
    kind: 'plain',
    method: 'POST',
    path: '/people',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      name: name.describe('the name of the person, never given to another one later'),
      role: personRole.describe('what the person may do'),
    }),
    output: z.object({ person: personView, link }),
    summary: 'invite a person',
    help: 'Shows a link once, good for 72 hours. The person opens it and chooses a passphrase that nobody else knows.',
    positional: ['name'],
  }),

  'person.join': operation({
    kind: 'plain',
    method: 'POST',
    path: '/people/join',
    role: 'public',
    doors: ['operator'],
    input: z.strictObject({
      token: token.describe('the token of the invitation link'),
      passphrase,
    }),
    output: z.object({ person: personView }),
    summary: 'take up an invitation',
    help: 'Works once, with the link of the invitation; you choose the passphrase.',
    secrets: ['token', 'passphrase'],
  }),

  'person.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/people',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: z
        .enum(['invited', 'active', 'removed'])
        .optional()
        .describe('only those in this state'),
      name: name.optional().describe('only the one of this name'),
    }),
    output: personView,
    summary: 'list the people',
    help: 'Shows everybody who has, had or is offered an account.',
  }),

  'person.remove': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/people/:person',
    role: 'administrator',
    input: z.strictObject({ person: id('psn').describe('the person') }),
    output: personView,
    summary: 'remove a person',
    help: 'Ends the sessions and the invitation of the person at once. The last administrator stays.',
    positional: ['person'],
    references: { person: 'person' },
  }),

  'machine.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/machines',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      name: name.describe('the name of the machine'),
      role: role.describe('what the machine may do'),
      products: signerProducts
        .default([])
        .describe('of a signer: a product of which it has digests signed'),
      certificate: certificatePem.describe(
        'its client certificate (PEM); the key in it is what counts',
      ),
    }),
    output: machineView,
    summary: 'give a machine access to this API',
    help: 'The machine then speaks on the device port with its client certificate. Its key may have no other owner here. A signer is for the products that are named, and keys of others are to it as if they were not there.',
    positional: ['name'],
    files: ['certificate'],
    references: { products: 'product' },
    flags: { products: 'product' },
  }),

  'machine.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/machines',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      name: name.optional().describe('only the one of this name'),
    }),
    output: machineView,
    summary: 'list the machines that have or had access',
    help: 'Shows each machine with its role and the key that it speaks with.',
  }),

  'machine.set-products': operation({
    kind: 'plain',
    method: 'POST',
    path: '/machines/:machine/products',
    role: 'administrator',
    input: z.strictObject({
      machine: id('mch').describe('the machine, a signer'),
      products: signerProducts.min(1).describe('a product of which it has digests signed'),
    }),
    output: machineView,
    summary: 'say for which products a signer is',
    help: 'It is for exactly those that are named now, from its next request on. The log keeps which they were before.',
    positional: ['machine'],
    references: { machine: 'machine', products: 'product' },
    flags: { products: 'product' },
  }),

  'machine.remove': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/machines/:machine',
    role: 'administrator',
    input: z.strictObject({ machine: id('mch').describe('the machine') }),
    output: machineView,
    summary: "end a machine's access",
    help: 'From the next request on the machine is refused. Its key is not given to another owner.',
    positional: ['machine'],
    references: { machine: 'machine' },
  }),
} as const
