import { expect, test } from 'vitest'
import { linkReadme } from './link-readme.ts'

const product = { version: '1.2.3', license: '', author: '', website: 'https://example.com/a/b' }
const link = (readme: string) => linkReadme(readme, { product, directory: 'packages/client' })

test.each([
  [
    '[API](../../docs/api.md#errors)',
    '[API](https://example.com/a/b/blob/v1.2.3/docs/api.md#errors)',
  ],
  [
    '[code](src/index.ts)',
    '[code](https://example.com/a/b/blob/v1.2.3/packages/client/src/index.ts)',
  ],
  ['![picture](../../a.png)', '![picture](https://example.com/a/b/raw/v1.2.3/a.png)'],
])('a relative link leads to the file of the released version: %s', (relative, absolute) => {
  expect(link(relative)).toBe(absolute)
})

test.each(['[x](https://example.org/)', '[x](#options)', '```js\na[0](b)\n```\n', '`a.b(c)`'])(
  'all else stays: %s',
  (text) => {
    expect(link(text)).toBe(text)
  },
)
