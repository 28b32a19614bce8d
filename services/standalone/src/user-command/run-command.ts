import type { UserAdministration } from '@auto-refresh/auth-api'
import type { UserCommand } from './parse-command.ts'

export type Result = Readonly<{ ok: boolean; message: string }>
type UserSummary = Awaited<ReturnType<UserAdministration['list']>>[number]

/**
 * Carries a command out and says what came of it. `password` counts only where the command sets
 * one.
 */
export async function runCommand({
  command,
  users,
  hashUsername,
  password,
}: {
  command: Exclude<UserCommand, { action: 'help' }>
  users: UserAdministration
  hashUsername: (username: string) => string
  password: string
}): Promise<Result> {
  switch (command.action) {
    case 'add': {
      const { name: username, role } = command
      const added = await users.add({ username, password, ...(role === undefined ? {} : { role }) })
      if (added.outcome === 'taken')
        return { ok: false, message: `There is a user ${username} already` }
      if (added.outcome === 'refused') return { ok: false, message: added.reason }
      return {
        ok: true,
        message: `${added.user.username} was added with the role ${added.user.role}`,
      }
    }
    case 'set-password':
      return say(
        command.name,
        await users.setPassword(command.name, password),
        'has a new password; all sessions were ended',
      )
    case 'set-role':
      return say(
        command.name,
        await users.setRole(command.name, command.role),
        `has the role ${command.role}`,
      )
    case 'disable':
      return say(
        command.name,
        await users.disable(command.name),
        'is disabled; all sessions were ended',
      )
    case 'enable':
      return say(command.name, await users.enable(command.name), 'may sign in')
    case 'revoke-sessions':
      return say(command.name, await users.revokeSessions(command.name), 'has no session any more')
    case 'hash':
      return { ok: true, message: hashUsername(command.name) }
    case 'list':
      return { ok: true, message: toTable(await users.list()) }
    default:
      return command satisfies never
  }
}

function say(
  name: string,
  result: { outcome: 'done' | 'not_found' } | { outcome: 'refused'; reason: string },
  done: string,
): Result {
  switch (result.outcome) {
    case 'done':
      return { ok: true, message: `${name} ${done}` }
    case 'not_found':
      return { ok: false, message: `There is no user ${name}` }
    case 'refused':
      return { ok: false, message: result.reason }
    default:
      return result satisfies never
  }
}

function toTable(users: readonly UserSummary[]): string {
  const rows = [
    ['NAME', 'ROLE', 'STATE'],
    ...users.map(({ username, role, active, demo }) => [
      username,
      role,
      `${active ? 'active' : 'disabled'}${demo ? ', demo' : ''}`,
    ]),
  ]
  const widths = [0, 1].map(
    (column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 2,
  )
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(''))
    .join('\n')
}
