import type { Plugin } from 'vitest/config'
import { KNOWN_BUGS } from './known-bugs.ts'

/**
 * A vite plugin that seeds the bug named in `TEST_KNOWN_BUG` into its file; without that variable
 * it does nothing.
 */
export function seedKnownBug(name: string | undefined): Plugin {
  const bug = KNOWN_BUGS.find((candidate) => candidate.name === name)
  return {
    name: 'seed-known-bug',
    enforce: 'pre',
    transform(code, id) {
      if (bug === undefined || !id.endsWith(bug.file)) return undefined
      if (!code.includes(bug.find))
        throw new Error(`The bug "${bug.name}" no longer fits ${bug.file}`)
      return { code: code.replace(bug.find, () => bug.replace), map: null }
    },
  }
}
