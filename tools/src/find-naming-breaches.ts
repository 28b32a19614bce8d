import { basename } from 'node:path/posix'

/** Files that are named for their role. */
const ROLES = new Set(['index', 'main', 'migrate', 'cli', 'config', 'ports'])
/** Export names that vitest and commander require. */
const GIVEN_NAMES = new Set(['setup'])

/**
 * Returns the files that are not named for their main export, one sentence each. A file with one
 * exported value (or, without values, one type) has its name in kebab case; a use case or a command
 * may omit `create` or `define`. A file with several is named for what they have in common.
 */
export function findNamingBreaches(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([path, text]) => {
    const name = basename(path, '.ts')
    if (/\.test$|\.config$/.test(name) || ROLES.has(name) || path.includes('/ports/')) return []
    const values = namesOf(text, /^export (?:async )?(?:function\*?|const|class) (\w+)/gm)
    const types = namesOf(text, /^export (?:type|interface) (\w+)/gm)
    const mayBeMain = values.length > 0 ? values : types
    const [main] = mayBeMain
    if (main === undefined || mayBeMain.length > 1 || GIVEN_NAMES.has(main)) return []
    const expected = toKebabCase(main)
    const short = /\/(?:use-cases|operations)\//.test(path)
      ? expected.replace(/^(?:create|define)-/, '')
      : expected
    const names = [expected, short, ...types.map(toKebabCase)]
    return names.includes(name) ? [] : [`${path}: exports ${main}, so name it ${short}.ts`]
  })
}

const namesOf = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, name = '']) => name)

function toKebabCase(name: string): string {
  if (name === name.toUpperCase()) return name.toLowerCase().replaceAll('_', '-')
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
}
