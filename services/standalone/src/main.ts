import { addSecretFiles } from '@auto-refresh/service-kit/config'
import { runMain } from '@auto-refresh/service-kit/process'
import { buildStandalone } from './build-standalone.ts'
import { createTerminal } from './create-terminal.ts'

const terminal = createTerminal()

await runMain({
  process,
  nowMs: () => performance.now(),
  logger: terminal,
  async start(signal) {
    const build = async () => buildStandalone(addSecretFiles(process.env), { signal })
    const standalone = await build().catch((error: unknown) => {
      if (error !== signal.reason) terminal.explain(error)
      throw error
    })
    process.once('exit', standalone.abandon)
    terminal.showBanner(standalone.banner)
    return standalone.stop
  },
})
