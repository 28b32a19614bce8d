import type { KeyAdministration } from '@auto-refresh/auth-api'
import type { Environment } from '@auto-refresh/service-kit/config'
import type { Command } from 'commander'
import { withUsers } from './with-users.ts'

export function defineKeys(keys: Command, readSettings: () => Environment): void {
  const run = async (work: (keys: KeyAdministration) => Promise<string>) => {
    const message = await withUsers(readSettings(), (auth) => work(auth.keys), {
      neededKeys: ['SIGNING_KEY_ENCRYPTION_KEYS'],
    })
    process.stdout.write(`${message}\n`)
  }
  keys.addHelpText(
    'after',
    '\nIt works on the data of `npm start` (DATA_DIR), whether that is running or not, or on DATABASE_URL.',
  )
  keys
    .command('list')
    .description('Show the signing keys of access tokens, the retired ones too')
    .action(() => run(list))
  keys
    .command('retire')
    .description('Discard a leaked key: another one signs, and clients refresh its tokens')
    .argument('<kid>', 'the key, as `list` shows it')
    // A kid may begin with a hyphen.
    .allowUnknownOption()
    .action((kid: string) => run((administration) => retire(administration, kid)))
}

async function list(keys: KeyAdministration): Promise<string> {
  const rows = (await keys.list()).map((key) => {
    const time =
      key.state === 'retired'
        ? `retired ${toUtc(key.retiredAtMs)}`
        : `created ${toUtc(key.createdAtMs)}`
    return [key.kid, key.state.padEnd(8), time].join('  ')
  })
  return rows.length === 0 ? 'There is no signing key yet' : rows.join('\n')
}

async function retire(keys: KeyAdministration, kid: string): Promise<string> {
  const retired = await keys.retire(kid)
  switch (retired.outcome) {
    case 'already_retired':
      return `${kid} is retired already, since ${toUtc(retired.retiredAtMs)}`
    case 'not_found':
      throw new Error(`There is no signing key ${kid}: see npm run keys -- list`)
    case 'retired':
      return `${kid} is retired; ${retired.activeKid} signs`
    default:
      return retired satisfies never
  }
}

const toUtc = (ms: number) => new Date(ms).toISOString()
