// SPDX-License-Identifier: Apache-2.0
/** How a person comes in: claims the installation, takes up an invitation, or signs in. */
import { post } from './api.js'
import { heading, make, step } from './elements.js'
import { form } from './form.js'

const name = { name: 'name', label: 'Your name', autocomplete: 'username', maxlength: 100 }
const passphrase = {
  ...{ name: 'passphrase', label: 'Passphrase', type: 'password', autocomplete: 'new-password' },
  hint: '12 characters or more. Four unrelated words do well.',
}

export function claim(token, enter) {
  const nameHint = 'As it shall stand in the log beside what you do.'
  return [
    step('You'),
    heading('Take this installation'),
    make('p', 'You become its first administrator. The link works once.'),
    form([{ ...name, hint: nameHint }, passphrase], 'Take it', async (values) => {
      await post('/claim', { ...values, token })
      await enter()
    }),
  ]
}

export function join(token, enter) {
  return [
    heading('You are invited'),
    make('p', 'Choose a passphrase that nobody else knows, not even who invited you.'),
    form([passphrase], 'Join', async (values) => {
      await post('/people/join', { ...values, token })
      await enter()
    }),
  ]
}

export function signIn(why, enter) {
  const known = { ...passphrase, hint: undefined, autocomplete: 'current-password' }
  return [
    heading('Sign in'),
    why && make('p.box.warn', why),
    form([name, known], 'Sign in', async (values) => {
      await post('/session', values)
      await enter()
    }),
    make(
      'p.hint',
      'Here for the first time? Open the claim link that the server printed, or run "bin/vitalsign claim" on its machine.',
    ),
  ]
}
