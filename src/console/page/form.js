// SPDX-License-Identifier: Apache-2.0
import { Problem, remedyOf } from './api.js'
import { button, make } from './elements.js'
import { sentence } from './words.js'

/** What was refused, and what to do. */
export async function problemBox(problem) {
  const remedy = await remedyOf(problem)
  return make(
    'div.box.bad',
    make('p', sentence(problem.message)),
    remedy && make('p', sentence(remedy)),
  )
}

/**
 * A form of labelled fields and one button. `send(values)` does the work; a Problem that it throws
 * is shown at the field that it is about, or above the button.
 */
export function form(fields, submit, send) {
  const rows = fields.map(fieldRow)
  const place = make('div', { role: 'alert' })
  const go = make('button.main', submit)
  const submitted = async (event) => {
    event.preventDefault()
    if (go.ariaBusy) return
    go.ariaBusy = 'true'
    for (const row of rows) row.mark('')
    place.replaceChildren()
    try {
      await send(valuesOf(rows))
    } catch (error) {
      await tell(error, rows, place)
    }
    go.ariaBusy = null
  }
  return make('form', { submit: submitted }, elementsOf(rows), place, go)
}

/** Fields whose change is heard at once. */
export function filterRow(fields, changed) {
  const rows = fields.map((field) => fieldRow({ required: false, ...field }))
  const heard = (event) => {
    event.preventDefault()
    changed(valuesOf(rows))
  }
  heard(new Event('change'))
  return make('form.filters', { submit: heard, change: heard }, elementsOf(rows))
}

const elementsOf = (rows) => rows.map(({ element }) => element)

/** A blank at the end of a passphrase is part of it. */
function valuesOf(rows) {
  const values = rows.map(({ name, input: { value } }) => {
    return [name, name === 'passphrase' ? value : value.trim()]
  })
  return Object.fromEntries(values)
}

async function tell(error, rows, place) {
  if (!(error instanceof Problem) || error.code === 'credential-missing') throw error
  const faults = [...error.faults]
  if (error.code === 'passphrase-too-weak')
    faults.push({ path: 'passphrase', fault: error.message })
  const marked = rows.filter(({ name, mark }) => {
    const found = faults.find(({ path }) => path === name)
    if (found) mark(found.fault)
    return found
  })
  if (marked[0]) marked[0].input.focus()
  else place.replaceChildren(await problemBox(error))
}

let numbers = 0

function fieldRow({ name, label, hint, choices, value = '', ...others }) {
  const id = `field-${++numbers}`
  const described = { 'aria-describedby': `${id}-hint ${id}-fault` }
  const attributes = { id, name, required: '', autocomplete: 'off', ...described, ...others }
  if (others.required === false) delete attributes.required
  const options = choices?.map(([key, text]) => make('option', { value: key }, text))
  const input = make(choices ? 'select' : 'input', attributes, options)
  if (value) input.value = value
  const fault = make('p.fault', { id: `${id}-fault` })
  return {
    ...{ name, input },
    element: make(
      'div.field',
      make('label', { for: id }, label),
      hint && make('p.hint', { id: `${id}-hint` }, hint),
      make('div.input', input, others.type === 'password' && reveal(input)),
      fault,
    ),
    mark: (text) => {
      fault.textContent = text && sentence(text)
      input.ariaInvalid = text ? 'true' : null
    },
  }
}

function reveal(input) {
  const toggle = button('Show', () => {
    input.type = input.type === 'text' ? 'password' : 'text'
    toggle.ariaPressed = input.type === 'text'
  })
  toggle.setAttribute('aria-label', 'Show what you type')
  return toggle
}

/**
 * Asks why, for an act that the log keeps for ever; `act(reason)` does it. `name` is what the API
 * calls the reason, so that a fault of it stands at the field.
 */
export function askReason(title, text, submit, act, name = 'reason') {
  const why = { name, label: 'Why?', hint: 'It stands in the log for ever.' }
  ask([why], title, text, submit, (values) => act(values[name]))
}

/** Asks once more, for an act that cannot be taken back; `act()` does it. */
export function askSure(title, text, submit, act) {
  ask([], title, text, submit, act)
}

function ask(fields, title, text, submit, act) {
  const dialog = make(
    'dialog',
    { 'aria-label': title, close: () => dialog.remove() },
    make('h2', title),
    make('p', text),
    form(fields, submit, async (values) => {
      await act(values)
      dialog.close()
    }),
    button('Leave it as it is', () => dialog.close()),
  )
  document.body.append(dialog)
  dialog.showModal()
}
