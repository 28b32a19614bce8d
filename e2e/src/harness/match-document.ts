import { expect } from 'vitest'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** Returns a pattern for a text in a document, where `...` stands for anything. */
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
 * Returns a matcher for the response in a document: the same keys, words and status; any number,
 * time, and text for `...`.
 */
export function toMatcher(shown: unknown): unknown {
  if (Array.isArray(shown)) return shown.map(toMatcher)
  if (typeof shown === 'object' && shown !== null)
    return Object.fromEntries(
      Object.entries(shown).map(([key, value]) => [
        key,
        key === 'status' ? value : toMatcher(value),
      ]),
    )
  if (typeof shown === 'number') return expect.any(Number)
  if (typeof shown !== 'string') return shown
  if (TIME.test(shown)) return expect.stringMatching(TIME)
  return shown.includes('...') ? expect.stringMatching(toPattern(shown)) : shown
}
