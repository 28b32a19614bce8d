import { text } from 'node:stream/consumers'
import { addSecretFiles } from '@auto-refresh/service-kit/config'
import { endWithFault } from './end-with-fault.ts'
import { parseCommand, USAGE } from './user-command/parse-command.ts'
import { runCommand } from './user-command/run-command.ts'
import { withUsers } from './with-users.ts'

const command = parseCommand(process.argv.slice(2))

if (command.action === 'help') {
  process.stdout.write(USAGE)
} else if (command.action === 'wrong') {
  process.stderr.write(`${command.why}\n\n${USAGE}`)
  process.exitCode = 2
} else {
  try {
    const needsPassword = command.action === 'add' || command.action === 'set-password'
    // One line end, as `echo` adds it, is not part of the password.
    const password = needsPassword ? (await text(process.stdin)).replace(/\r?\n$/, '') : ''
    const neededKeys = command.action === 'hash' ? (['USERNAME_HASH_KEY'] as const) : []
    const { ok, message } = await withUsers(
      addSecretFiles(process.env),
      (auth) => runCommand({ command, ...auth, password }),
      { neededKeys },
    )
    process[ok ? 'stdout' : 'stderr'].write(`${message}\n`)
    process.exitCode = ok ? 0 : 1
  } catch (error) {
    endWithFault(error)
  }
}
