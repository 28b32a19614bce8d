import { CodedError } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { parseJsonBody } from './parse-json-body.ts'

test.each<[string, unknown]>([
  ['{"refresh_token":"a"}', { refresh_token: 'a' }],
  [
    ' {"a" : [1, {"b": null}], "c": "{\\"x\\":1,\\"x\\":2}"} ',
    { a: [1, { b: null }], c: '{"x":1,"x":2}' },
  ],
  ['{"a":{"x":1},"b":{"x":1}}', { a: { x: 1 }, b: { x: 1 } }],
  ['["x","x"]', ['x', 'x']],
  ['{"a":"a","b":"a"}', { a: 'a', b: 'a' }],
  ['"ünï \\u00e9 😀 \\ud83d\\ude00"', 'ünï é 😀 😀'],
  ['"a\\n\\u0000\\u0085"', 'a\n\u0000\u0085'],
  ['null', null],
  ['[[[[[]]]]]', [[[[[]]]]]],
  ['', undefined],
])('%s is parsed', (text, value) => {
  expect(parseJsonBody(Buffer.from(text))).toEqual(value)
})

test.each<[string, string | Buffer]>([
  ['a duplicate key', '{"username":"a","username":"b"}'],
  ['a duplicate key, once escaped', '{"role":1,"r\\u006fle":2}'],
  ['a duplicate key in a nested object', '{"a":[{"b":1,"c":2,"b":3}]}'],
  ['__proto__', '{"__proto__":{"polluted":true}}'],
  ['__proto__, escaped', '{"\\u005f_proto__":{}}'],
  ['constructor.prototype', '{"constructor":{"prototype":{"polluted":true}}}'],
  ['a lone surrogate', '"\\ud800"'],
  ['six levels', '[[[[[[]]]]]]'],
  ['thousands of levels', '['.repeat(4000) + ']'.repeat(4000)],
  ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['overlong UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ['a byte order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d])],
  ['UTF-16', Buffer.from('{}', 'utf16le')],
  ['only spaces', '  '],
  ['two values', '{}{}'],
  ['a trailing comma', '{"a":1,}'],
  ['a form', 'username=a&password=b'],
])('%s is refused, and the message contains no input', (_, body) => {
  const refused = catchError(() => parseJsonBody(Buffer.from(body)))
  expect(refused).toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(/^The body [a-zA-Z8 -]+$/),
  })
  expect(refused).toBeInstanceOf(CodedError)
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
})

function catchError(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
