// SPDX-License-Identifier: Apache-2.0
/** The product of a subset of keys, and the products of its branches, as files beside that of its keys. */
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { replaceFile } from '#edge/keystore/atomic-file.ts'
import { encodeFramed, readFramed, UnusableFile } from './framed-file.ts'
import type { Branch, SubsetFiles } from './thread-messages.ts'

const digestOctets = 32

export async function writeProduct(
  { path, digest }: SubsetFiles,
  product: Uint8Array,
): Promise<void> {
  const body = new Uint8Array(digestOctets + product.length)
  body.set(Uint8Array.fromHex(digest))
  body.set(product, digestOctets)
  await replaceFile(`${path}.product`, encodeFramed('product', body), systemRandomness)
}

/** Little-endian. @throws UnusableFile also if it is the product of other keys */
export async function readProduct(subset: SubsetFiles): Promise<Uint8Array> {
  return readBound(subset, 'product')
}

export async function writeBranches(
  { path, digest }: SubsetFiles,
  branches: readonly Branch[],
): Promise<void> {
  const octets = branches.reduce((sum, { product }) => sum + 8 + product.length, 0)
  const body = new Uint8Array(digestOctets + octets)
  const view = new DataView(body.buffer)
  body.set(Uint8Array.fromHex(digest))
  let at = digestOctets
  for (const { keys, product } of branches) {
    view.setUint32(at, keys)
    view.setUint32(at + 4, product.length)
    body.set(product, at + 8)
    at += 8 + product.length
  }
  await replaceFile(`${path}.branches`, encodeFramed('branches', body), systemRandomness)
}

/** In the order of their keys; views. @throws UnusableFile also if they are those of other keys */
export async function readBranches(subset: SubsetFiles): Promise<readonly Branch[]> {
  const body = await readBound(subset, 'branches')
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const branches: Branch[] = []
  for (let at = 0; at < body.length; ) {
    const [keys, length] = [view.getUint32(at), view.getUint32(at + 4)]
    branches.push({ keys, product: body.subarray(at + 8, at + 8 + length) })
    at += 8 + length
  }
  return branches
}

async function readBound(
  { path, digest }: SubsetFiles,
  kind: 'product' | 'branches',
): Promise<Uint8Array> {
  const file = `${path}.${kind}`
  const { body } = await readFramed(kind, file)
  if (body.subarray(0, digestOctets).toHex() !== digest)
    throw new UnusableFile(file, 'was made of other keys')
  return body.subarray(digestOctets)
}
