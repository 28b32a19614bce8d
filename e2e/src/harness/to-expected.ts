import { expect } from 'vitest'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** Text as a document shows it, `...` for whatever stands there. */
export function toPattern(text: string): RegExp {
  return new RegExp(
    `^${text
      .trim()
      .split('...')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
      .join('[^]*?')}$`,
  )
}

/**
 * What an answer must look like to have the shape of the one in a document: the same keys, words
 * and status; of other numbers, of times and `...` only the kind.
 */
export function toExpected(shown: unknown): unknown {
  if (Array.isArray(shown)) return shown.map(toExpected)
  if (typeof shown === 'object' && shown !== null)
    return Object.fromEntries(
      Object.entries(shown).map(([key, value]) => [
        key,
        key === 'status' ? value : toExpected(value),
      ]),
    )
  if (typeof shown === 'number') return expect.any(Number)
  if (typeof shown !== 'string') return shown
  if (TIME.test(shown)) return expect.stringMatching(TIME)
  return shown.includes('...') ? expect.stringMatching(toPattern(shown)) : shown
}
