// SPDX-License-Identifier: Apache-2.0
/** Maker and product, then a device: what stands before the first enrolment. */
import { get, post } from './api.js'
import { heading, link, make, step } from './elements.js'
import { makeCode } from './enrol.js'
import { form } from './form.js'
import { exposures } from './words.js'

const maker = {
  ...{ name: 'maker', label: 'Maker', maxlength: 100, autocomplete: 'organization' },
  hint: 'Who makes it, as it shall stand in certificates.',
}
const product = {
  name: 'name',
  label: 'Product',
  hint: 'A model, such as Infusion pump A.',
  maxlength: 100,
}
const exposure = {
  name: 'exposure',
  label: 'What could a false device reach?',
  choices: Object.entries(exposures),
}

export async function addProduct({ go }) {
  const { counts } = await get('/status')
  const isFirst = counts.products === 0
  const fields = isFirst ? [maker, product, exposure] : [product, exposure]
  return [
    isFirst && step('Product'),
    heading(isFirst ? 'Your first product' : 'Another product'),
    form(fields, 'Add the product', async (values) => {
      const added = await post('/products', values)
      go(`#/add/${added.product.id}`)
    }),
  ]
}

export async function addDevice({ go, id, who }) {
  const products = (await get('/products', { limit: 1000 })).items
  if (products.length === 0) return go('#/product')
  const isFirst = (await get('/status')).counts.devices === 0
  const fields = [
    {
      ...{ name: 'product', label: 'Product', value: id ?? products.at(-1).id },
      choices: products.map((one) => [one.id, one.name]),
    },
    {
      ...{ name: 'serial', label: 'Serial', hint: 'As it is printed on the unit.', maxlength: 64 },
      ...{ autocapitalize: 'none', spellcheck: 'false', value: isFirst ? 'PUMP-0001' : '' },
    },
  ]
  return [
    isFirst && step('Device'),
    heading(isFirst ? 'Your first device' : 'Add a device'),
    make('p', 'Only a device that you expect is given an identity.'),
    form(fields, 'Expect it', async (values) => {
      const device = await post('/devices', values)
      await makeCode(device, go)
    }),
    who.role === 'administrator' && link('#/product', 'Add another product'),
  ]
}
