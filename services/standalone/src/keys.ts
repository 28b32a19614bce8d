import { addSecretFiles } from '@auto-refresh/service-kit/config'
import { endWithFault } from './end-with-fault.ts'
import { parseKeyCommand, KEYS_USAGE, runKeyCommand } from './key-command.ts'
import { withUsers } from './with-users.ts'

const command = parseKeyCommand(process.argv.slice(2))

if (command.action === 'help') {
  process.stdout.write(KEYS_USAGE)
} else if (command.action === 'wrong') {
  process.stderr.write(`${command.why}\n\n${KEYS_USAGE}`)
  process.exitCode = 2
} else {
  try {
    const { ok, message } = await withUsers(
      addSecretFiles(process.env),
      ({ keys }) => runKeyCommand(command, keys),
      { neededKeys: ['SIGNING_KEY_ENCRYPTION_KEYS'] },
    )
    process[ok ? 'stdout' : 'stderr'].write(`${message}\n`)
    process.exitCode = ok ? 0 : 1
  } catch (error) {
    endWithFault(error)
  }
}
