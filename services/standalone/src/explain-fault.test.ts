import { ConfigError } from '@auto-refresh/service-kit/config'
import { expect, test } from 'vitest'
import { explainFault } from './explain-fault.ts'

test('a port in use is explained in one line with the port', () => {
  const error = Object.assign(
    new Error('listen EADDRINUSE: address already in use 127.0.0.1:8000'),
    { code: 'EADDRINUSE', port: 8000 },
  )
  expect(explainFault(error)).toBe(
    'Port 8000 is in use: stop what listens there, or set PORT and ADMIN_PORT',
  )
})

test('all wrong settings are listed, and other errors keep their message', () => {
  expect(explainFault(new ConfigError(['A is missing', 'B is missing']))).toMatch(
    /A is missing\n.*B is missing/,
  )
  expect(explainFault(new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:5432')]))).toBe(
    'connect ECONNREFUSED 127.0.0.1:5432',
  )
  expect(explainFault(new Error('The DATA_DIR is in use'))).toBe('The DATA_DIR is in use')
})

test('a missing grant names the scripts that restore it', () => {
  const denied = Object.assign(new Error('permission denied for schema token_store'), {
    code: '42501',
  })
  expect(explainFault(denied)).toMatch(
    /^permission denied for schema token_store: run .*roles\.sql .*grants\.sql/,
  )
})
