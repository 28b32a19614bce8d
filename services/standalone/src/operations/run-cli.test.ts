import { ConfigError, PRODUCT_VERSION } from '@auto-refresh/service-kit/config'
import { expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

async function run(line: string, fault: Error = new ConfigError(['DATABASE_URL is not valid'])) {
  let [stdout, stderr] = ['', '']
  const code = await runCli({
    args: line.split(' ').filter((word) => word !== ''),
    readSettings: () => {
      throw fault
    },
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
  })
  return { code, stdout, stderr }
}
const COMMANDS = [
  'user',
  'session',
  'keys',
  'migrate',
  'topics',
  'events:tail',
  'recover',
  'sweep',
  'drill',
]

test('one --help lists every command', async () => {
  const { code, stdout } = await run('--help')
  expect(code).toBe(0)
  for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
})

test('--version prints the version of the product, and reads no settings', async () => {
  expect(await run('--version')).toEqual({ code: 0, stdout: `${PRODUCT_VERSION}\n`, stderr: '' })
})

test.each(COMMANDS)('%s --help prints its usage, and reads no settings', async (command) => {
  expect(await run(`${command} --help`)).toEqual({
    code: 0,
    stdout: expect.stringMatching(`^Usage: npm run ${command} -- `) as unknown,
    stderr: '',
  })
})

test.each([
  '',
  'unknown',
  'migrate now',
  'topics --all',
  'sweep --any',
  'keys',
  'keys list x',
  'session end',
  'session end x',
])('cli %s is wrong usage: exit code 2 and the usage', async (line) => {
  expect(await run(line)).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('Usage: npm run ') as unknown,
  })
})

test.each(['migrate', 'topics', 'events:tail --all', 'recover', 'sweep --anyway', 'keys list'])(
  '%s ends with 78 for wrong settings and with 1 for another error, and prints only the cause',
  async (line) => {
    const settings = '1 setting is wrong:\n  DATABASE_URL is not valid'
    const wrong = await run(line)
    expect([wrong.code, wrong.stderr]).toEqual([78, expect.stringContaining('DATABASE_URL')])
    expect(wrong.stderr).not.toContain('Usage')
    expect(await run(line, new Error(settings))).toMatchObject({ code: 1, stderr: `${settings}\n` })
  },
)

test.each(['topics', 'events:tail'])('%s without KAFKA_BROKERS ends with 1', async (command) => {
  let stderr = ''
  const code = await runCli({
    args: [command],
    readSettings: () => ({}),
    stderr: { write: (text: string) => (stderr += text) },
  })
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^KAFKA_BROKERS is not set/)])
})

test.each(['-abc', '--abc', '-hbc', '3bc'])(
  'keys retire takes a kid that begins with a hyphen: %s',
  async (kid) => {
    expect((await run(`keys retire ${kid}`)).code).toBe(78)
    expect((await run(`keys retire ${kid} more`)).code).toBe(2)
  },
)
