// SPDX-License-Identifier: Apache-2.0
/** What may be done with a release: here, and (with a key of one's own) at a terminal. */
import { post } from './api.js'
import { command, fromElsewhere } from './commands.js'
import { button, make, say } from './elements.js'
import { askReason, askSure } from './form.js'

const acts = {
  submit: {
    words: 'Submit it',
    text: 'All that it is now is written down as one text, to the octet. That text is what people approve; any change leads back to a draft.',
    fits: ({ state }) => state === 'draft',
  },
  publish: {
    words: 'Publish it',
    text: 'Devices get it from now on. It never changes: it can only be withdrawn, and devices that have it keep it.',
    fits: ({ state }) => state === 'signed',
  },
  withdraw: {
    words: 'Withdraw it',
    text: 'For good: its version stays taken. What was signed keeps its signatures, and devices that have it run it.',
    asksWhy: true,
    fits: ({ state }) => state !== 'withdrawn',
  },
}

export function releaseActs(shown, again) {
  const { id, version, productName, firmwareVersion } = shown
  const buttons = Object.entries(acts)
    .filter(([, { fits }]) => fits(shown))
    .map(([verb, { words, text, asksWhy }]) =>
      button(words, () => {
        const title = `${productName} ${firmwareVersion}: ${words.toLowerCase()}?`
        const act = async (because) => {
          await post(`/releases/${id}/${verb}`, asksWhy ? { because } : {}, version)
          say(`${productName} ${firmwareVersion}: done.`)
          again()
        }
        if (asksWhy) askReason(title, text, words, act, 'because')
        else askSure(title, text, words, act)
      }),
    )
  return buttons.length > 0 && make('p.actions', buttons)
}

/** What is done at a terminal, since it takes a key that this page never sees. */
export async function byHand({ id, state, emergency }) {
  const isReviewed = emergency?.state === 'open'
  if (!['submitted', 'approved'].includes(state) && !isReviewed) return []
  const elsewhere = await fromElsewhere()
  const own = `${id} --approver-key FILE${elsewhere}`
  return [
    make('h2', 'Decide with your own key'),
    make(
      'p',
      'People approve on their own machines, by keys that stay there. It shows what it is about, asks what your signature means, and for your passphrase. Whoever had a part in it does not approve it.',
    ),
    state === 'submitted' && command('Agree', `release approve ${own}`),
    isReviewed && command('Agree afterwards', `release review-emergency ${own}`),
    command('Refuse, with the reason as its meaning', `release refuse ${own}`),
    state === 'approved' && command('Have it signed here', `release sign ${id}`),
    make(
      'p.hint',
      'At the server itself, --data DIR takes the place of --server and what follows it.',
    ),
  ]
    .flat()
    .filter(Boolean)
}
