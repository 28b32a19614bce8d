import { addSecretFiles } from '@auto-refresh/service-kit/config'
import { runMain } from '@auto-refresh/service-kit/process'
import { createLogger } from '@auto-refresh/service-kit/telemetry'
import { buildStandalone } from './build-standalone.ts'
import { explainFault } from './explain-fault.ts'

let isRunning = false
// A closed terminal accepts no output. Without a listener the first line would end the process
// before it has stopped the database.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

await runMain({
  process,
  nowMs: () => performance.now(),
  logger: {
    info: (message) => process.stdout.write(`${message}\n`),
    fatal(fields, message) {
      // During the start a person reads this sentence; later there is the log.
      if (isRunning) createLogger({ service: 'standalone', level: 'info' }).fatal(fields, message)
    },
  },
  async start(signal) {
    const build = async () => buildStandalone(addSecretFiles(process.env), { signal })
    const standalone = await build().catch((error: unknown) => {
      if (error !== signal.reason) process.stderr.write(`${explainFault(error)}\n`)
      throw error
    })
    isRunning = true
    process.once('exit', standalone.abandon)
    process.stdout.write(standalone.banner)
    return standalone.stop
  },
})
