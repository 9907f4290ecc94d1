// SPDX-License-Identifier: Apache-2.0
/** A house whose releases are for real devices, and carry time-stamps of its own authority. */
import { join } from '#core/people/invitation.ts'
import { makePassphraseHasher } from '#edge/admin/argon2.ts'
import { nodeDirectory, openTestHouse, type TestHouse } from '../../test/support/house.ts'
import { callApi } from '../../test/support/local-api.ts'

const passphrase = 'nine blue herons over the marsh'

export async function openProductionHouse(): Promise<TestHouse> {
  const words = ['--environment', 'production', '--public-url', 'http://pki.example.com']
  const house = await openTestHouse(nodeDirectory(), {}, [...words, '--maker', 'Acme'])
  await asked(house, 'POST', '/claim', { name: 'ada', passphrase, maker: 'Acme' })
  const { link } = await asked(house, 'POST', '/people', { name: 'grace', role: 'administrator' })
  const hasher = makePassphraseHasher(house.core.random)
  await join({ token: link.path.split('=')[1], passphrase }, { ...house.core, hasher })
  return house
}

/** Of all that production asks only the two people are left: evidence is not what is measured. */
export async function letTwoApprove(house: TestHouse, product: string): Promise<void> {
  const path = `/products/${product}/signing-policy`
  const rules = (await asked(house, 'GET', path)).document
  const document = { ...rules, production: { checks: {}, approvals: { people: 2 } } }
  const set = await asked(house, 'POST', path, { document, because: 'a bench' })
  for (const name of ['ada', 'grace'])
    await asked(house, 'POST', `/signing-policies/${set.id}/approve`, { name, passphrase })
}

async function asked(house: TestHouse, method: string, path: string, input?: object) {
  const { status, body } = await callApi(house, method, path, input)
  if (status >= 300) throw new Error(`${path}: ${JSON.stringify(body)}`)
  return body
}
