// SPDX-License-Identifier: Apache-2.0
/** Which records have a page of their own, by the prefix of their ids. */
import { link } from './elements.js'

const pages = {
  dev_: 'device',
  kfd_: 'finding',
  rel_: 'release',
  rot_: 'rotation',
  scn_: 'scan',
  sgk_: 'signing-key',
}

export const hasPage = (id) => Object.hasOwn(pages, `${id}`.slice(0, 4))

/** The way to the page of a record, or what it is called where it has none. */
export const pageLink = (id, text) =>
  hasPage(id) ? link(`#/${pages[id.slice(0, 4)]}/${id}`, text) : text
