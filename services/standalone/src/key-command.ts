import type { KeyAdministration } from '@auto-refresh/auth-api'

export type KeyCommand = { action: 'list' } | { action: 'retire'; kid: string }
type Parsed = KeyCommand | { action: 'help' } | { action: 'wrong'; why: string }

export const KEYS_USAGE = `Usage: npm run keys -- <command>

  list           shows the signing keys of access tokens, the retired ones too
  retire <kid>   throws a leaked key away: another one signs, and clients refresh its tokens

It works on the data of \`npm start\` (DATA_DIR), whether that is running or not, or on DATABASE_URL.
`

/** The command of an argument list, or a sentence that says what is wrong with it. */
export function parseKeyCommand(args: readonly string[]): Parsed {
  if (args.includes('--help') || args.includes('-h')) return { action: 'help' }
  const [action, kid, ...rest] = args
  if (action === undefined) return { action: 'wrong', why: 'A command is missing' }
  if (action === 'list') {
    return kid === undefined ? { action } : { action: 'wrong', why: 'list takes no key' }
  }
  if (action !== 'retire') return { action: 'wrong', why: `${action} is not a command` }
  if (kid === undefined || rest.length > 0) return { action: 'wrong', why: 'retire takes one kid' }
  return { action, kid }
}

/** Carries a command out and says what came of it. */
export async function runKeyCommand(command: KeyCommand, keys: KeyAdministration) {
  if (command.action === 'list') {
    const found = await keys.list()
    const rows = found.map((key) => {
      const time =
        key.state === 'retired'
          ? `retired ${toUtc(key.retiredAtMs)}`
          : `created ${toUtc(key.createdAtMs)}`
      return [key.kid, key.state.padEnd(8), time].join('  ')
    })
    return {
      ok: true,
      message: rows.length === 0 ? 'There is no signing key yet' : rows.join('\n'),
    }
  }
  const retired = await keys.retire(command.kid)
  if (retired.outcome === 'already_retired') {
    return {
      ok: true,
      message: `${command.kid} is retired already, since ${toUtc(retired.retiredAtMs)}`,
    }
  }
  if (retired.outcome === 'not_found') {
    return {
      ok: false,
      message: `There is no signing key ${command.kid}: see npm run keys -- list`,
    }
  }
  return { ok: true, message: `${command.kid} is retired; ${retired.activeKid} signs` }
}

const toUtc = (ms: number) => new Date(ms).toISOString()
