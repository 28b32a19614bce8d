import { addSecretFiles } from '@auto-refresh/service-kit/config'
import { runCli } from './run-cli.ts'

process.exitCode = await runCli({
  args: process.argv.slice(2),
  readSettings: () => addSecretFiles(process.env),
})
