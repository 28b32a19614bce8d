import { createRequire } from 'node:module'
import { ConfigError } from '@auto-refresh/service-kit/config'
import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

/** Runs `user` with wrong settings: exit code 78 means that the command line was right. */
async function run(line: string): Promise<{ code: number; output: string }> {
  let output = ''
  const collect = { write: (text: string) => (output += text) }
  const code = await runCli({
    args: ['user', ...line.split(' ').filter((word) => word !== '')],
    readSettings: () => {
      throw new ConfigError(['DATABASE_URL is not valid'])
    },
    stdout: collect,
    stderr: collect,
  })
  return { code, output }
}

test.each([
  'set-role ada admin',
  'disable ada',
  'enable ada',
  'revoke-sessions ada',
  'list',
  'show ada',
  'erase ada',
  'hash ada',
  'disable -- -ada',
  'add ada --no-password',
  'import users.jsonl',
  'import -',
  'password-token ada',
  'password-token ada --minutes 1440',
  'add ada --password-stdin',
  'add ada --role admin --password-stdin',
  '--role admin --password-stdin add ada',
  '--password-stdin set-password ada',
])('user %s is accepted', async (line) => {
  expect((await run(line)).code).toBe(78)
})

test.each([
  ['--help', /set-role .*<name> <role>/],
  ['add --help', /npm run user -- add \[options\] <name>/],
  ['disable nobody --help', /npm run user -- disable/],
])('user %s prints help and does nothing', async (line, help) => {
  expect(await run(line)).toEqual({ code: 0, output: expect.stringMatching(help) as unknown })
})

describe('a wrong command line ends with 2, prints its cause and the usage, and does nothing', () => {
  test.each([
    ['', ''],
    ['remove ada', "unknown command 'remove'"],
    ['constructor ada', "unknown command 'constructor'"],
    ['add ada', 'others can see a command line'],
    ['set-password ada', 'others can see a command line'],
    ['add --password-stdin', "missing required argument 'name'"],
    ['add ada secret --password-stdin', "too many arguments for 'add'"],
    ['disable', "missing required argument 'name'"],
    ['import', "missing required argument 'file'"],
    ['password-token', "missing required argument 'name'"],
    ['password-token ada --minutes soon', 'must be a number of minutes'],
    ['hash', "missing required argument 'name'"],
    ['disable ada bob', "too many arguments for 'disable'"],
    ['set-role ada', "missing required argument 'role'"],
    ['set-role ada admin user', "too many arguments for 'set-role'"],
    ['disable ada --role admin', '--role belongs to add'],
    ['--role admin disable ada', '--role belongs to add'],
    ['list ada', "too many arguments for 'list'"],
    ['add ada --password secret', "unknown option '--password'"],
  ])('user %s', async (line, cause) => {
    const { code, output } = await run(line)
    expect(code).toBe(2)
    expect(output).toContain(cause)
    expect(output).toContain('Usage: npm run user -- ')
    expect(output).not.toContain('DATABASE_URL is not valid')
  })
})

test('a command about users does not load Kafka', async () => {
  await run('list')
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  expect(loaded.filter((path) => path.includes('/node_modules/kafkajs/'))).toEqual([])
  await import('./topics.ts')
  expect(Object.keys(createRequire(import.meta.url).cache).join()).toContain('/kafkajs/')
})
