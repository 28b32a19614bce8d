import { describe, expect, test } from 'vitest'
import { refuseUsername, toUsernameKey } from './username.ts'

describe('two spellings of a name are the same user', () => {
  test.each([
    ['Ada', 'ada'],
    ['ＡＤＡ', 'ada'],
    ['Ångström', 'A\u030angstro\u0308m'],
    ['ﬁona', 'fiona'],
    ['\u0130nci', '\u0130NCI'],
  ])('%s and %s', (one, other) => {
    expect(toUsernameKey(one)).toBe(toUsernameKey(other))
  })

  test('toUsernameKey is idempotent', () => {
    for (const name of ['\u0130', 'ẞ', 'Ǆ', 'ΑΣ', 'K'])
      expect(toUsernameKey(toUsernameKey(name))).toBe(toUsernameKey(name))
  })
})

describe('a new name', () => {
  test.each([
    'ada',
    'ada@example.com',
    'Łukasz Żółć',
    '名前',
    'Иван Петров',
    'Ελένη',
    'ada 名前',
    'x'.repeat(128),
    '😀',
  ])('%s is accepted', (name) => {
    expect(refuseUsername(name)).toBeUndefined()
  })

  test.each([
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
    ['a control character', 'a\u0000b'],
    ['a right-to-left override', 'ada\u202E'],
    ['a zero-width joiner', 'a\u200Dda'],
    ['a lone surrogate', 'a\uD800'],
    ['a Cyrillic letter among Latin ones', 'аdmin'],
    ['a Greek letter among Latin ones', 'admιn'],
    ['words of two alphabets', 'admin-іn'],
    ['a blank in front', ' ada'],
    ['a wide blank behind', 'ada\u3000'],
  ])('with %s is refused', (_what, name) => {
    expect(refuseUsername(name)).toMatch(/^The name /)
  })
})
