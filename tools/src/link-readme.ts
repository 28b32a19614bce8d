import { posix } from 'node:path'
import type { Product } from './read-product.ts'

const CODE = /(^```[^]*?^```)/m
const LINK = /(!?)(\[[^\]]*\])\(([^)\s]+)\)/g

/**
 * Makes the relative links of a README absolute, because after an installation there is no
 * repository around it. They lead to the files of the released version.
 */
export function linkReadme(
  readme: string,
  {
    product: { version, website },
    directory,
  }: { product: Product; /** of the README, from the root of the repository */ directory: string },
): string {
  const toAbsolute = (link: string, isImage: boolean) => {
    if (/^([a-z]+:|#)/.test(link)) return link
    const path = posix.normalize(posix.join(directory, link))
    return `${website}/${isImage ? 'raw' : 'blob'}/v${version}/${path}`
  }
  return readme
    .split(CODE)
    .map((part) =>
      part.startsWith('```')
        ? part
        : part.replaceAll(
            LINK,
            (_, image: string, text: string, link: string) =>
              `${image}${text}(${toAbsolute(link, image !== '')})`,
          ),
    )
    .join('')
}
