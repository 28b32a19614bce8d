import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { ERROR_CODES } from '../../packages/contracts/src/error-codes.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(resolve(root, path), 'utf8')

/** The documents of the repository, as paths from its root. */
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(resolve(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'clients/python/README.md',
  ...readdirSync(resolve(root, 'packages'))
    .map((name) => `packages/${name}/README.md`)
    .filter((path) => existsSync(resolve(root, path))),
]

const withoutCode = (text: string) => text.replaceAll(/^```[^]*?^```/gm, '')

/** The links of a document, except those to the web. */
function linksOf(path: string) {
  return [...withoutCode(read(path)).matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)].flatMap(
    ([, text = '', link = '']) => {
      if (/^[a-z]+:/.test(link)) return []
      const [file = '', anchor] = link.split('#')
      return [
        {
          path,
          text,
          link,
          target: file === '' ? path : relative(root, resolve(root, dirname(path), file)),
          anchor,
        },
      ]
    },
  )
}

/** The anchor that GitHub generates for a heading. */
const toAnchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
const anchorsOf = (path: string) =>
  [...withoutCode(read(path)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => toAnchor(heading))

/** The first cells of a table's rows, and the cells after them. */
const rowsOf = (path: string, first: RegExp) =>
  read(path)
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    )
    .filter(([cell = '']) => first.test(cell))

const links = documents.flatMap(linksOf)

test('every link leads to an existing file and heading', () => {
  const broken = links.filter(
    ({ target, anchor }) =>
      !existsSync(resolve(root, target)) ||
      (anchor !== undefined && !anchorsOf(target).includes(anchor)),
  )
  expect(links.length).toBeGreaterThan(80)
  expect(broken.map(({ path, link }) => `${path}: ${link}`)).toEqual([])
})

test('every document is reached from the README', () => {
  const reached = new Set(['README.md'])
  for (const path of reached) {
    for (const { target } of linksOf(path)) {
      if (documents.includes(target)) reached.add(target)
      if (target === 'docs/decisions')
        for (const each of documents) if (each.startsWith(target)) reached.add(each)
    }
  }
  expect(documents.filter((path) => !reached.has(path))).toEqual([])
})

test('every command in the documents exists', () => {
  const commands = documents.flatMap((path) => [
    ...read(path).matchAll(
      /\bnpm (?:run (?:-s )?(?=[a-z])|(?=start|test))([a-z][a-z:-]*)(?: -w ([\w./-]+))?/g,
    ),
  ])
  const missing = commands.filter(
    ([, script = '', workspace = '.']) => !(script in scriptsOf(workspace)),
  )
  expect(commands.length).toBeGreaterThan(20)
  expect(missing.map(([text]) => text)).toEqual([])
})

test('the table of errors matches the code', () => {
  const rows = rowsOf('docs/api.md', /^`[a-z_]+`$/).filter(([, status = '']) =>
    /^\d{3}$/.test(status),
  )
  const documented = rows.map(([code = '', status, retryable]) => [
    code.slice(1, -1),
    Number(status),
    retryable === 'yes',
  ])
  expect(Object.fromEntries(documented.map(([code, ...rest]) => [code, rest]))).toEqual(
    Object.fromEntries(
      Object.entries(ERROR_CODES).map(([code, { status, retryable }]) => [
        code,
        [status, retryable],
      ]),
    ),
  )
})

test('every setting in the documents exists', () => {
  const settings = new Set(
    [...read('.env.example').matchAll(/^#([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name),
  )
  const prefixes = new Set([...settings].map((name = '') => name.split('_', 1)[0]))
  const described = ['docs/configuration.md', 'docs/guide.md', 'docs/guide.id.md']
    .map(read)
    .join('\n')
  const named = [...described.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/g)].map(
    ([, name = '']) => name,
  )
  expect(
    named.filter((name) => prefixes.has(name.split('_', 1)[0]) && !settings.has(name)),
  ).toEqual([])
})

test('every metric in the guide exists', () => {
  const metrics = [...read('docs/metrics.md').matchAll(/^\| `(auth_\w+)`/gm)].map(
    ([, name]) => name,
  )
  const named = ['docs/guide.md', 'docs/guide.id.md'].flatMap((path) =>
    [...read(path).matchAll(/^\|.*`(auth_\w+)`/gm)].map(([, name]) => name),
  )
  expect(named.length).toBe(12)
  expect(named.filter((name) => !metrics.includes(name))).toEqual([])
})

test('every row of the threat table links to a file with tests', () => {
  const rows = read('SECURITY.md')
    .split('\n')
    .filter((line) => /^\| (?!-|attack )/.test(line))
  const hasTests = (path: string) =>
    existsSync(resolve(root, path)) && /^\s*(?:test|it)\b/m.test(read(path))
  const unproven = rows.filter((row) => {
    const files = [...row.matchAll(/\]\(([^)\s]+\.test\.ts)\)/g)].map(([, path = '']) => path)
    return files.length === 0 || !files.every(hasTests)
  })
  expect(rows.length).toBeGreaterThan(50)
  expect(unproven).toEqual([])
})

function scriptsOf(workspace: string): Record<string, string> {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(
    read(`${workspace}/package.json`),
  )
  return scripts
}
