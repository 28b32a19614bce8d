import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** What all published packages have in common. */
export type Product = {
  version: string
  license: string
  author: string
  /** the address of the repository in the web, without a slash at its end */
  website: string
}

const MANIFEST = resolve(import.meta.dirname, '../../package.json')

/** Reads the package.json of the repository: the only place of the version and of the address. */
export function readProduct(): Product {
  const { version, license, author, repository } = JSON.parse(
    readFileSync(MANIFEST, 'utf8'),
  ) as Omit<Product, 'website'> & { repository: { url: string } }
  const website = repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
  return { version, license, author, website }
}
