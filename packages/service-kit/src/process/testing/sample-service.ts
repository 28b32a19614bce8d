import { readEnvironment, type Environment } from '@auto-refresh/service-kit/config'
import { runService } from '../run-service.ts'

const say = (event: string) => process.stdout.write(`${JSON.stringify({ event })}\n`)
const reasons: string[] = []

const parseConfig = (environment: Environment) => {
  const env = readEnvironment(environment)
  return env.done({ failing: env.boolean('FAILING', { default: false }) })
}
const parseOwn = (environment: Environment) => {
  const env = readEnvironment(environment)
  return env.done({
    admin: { host: '127.0.0.1', port: env.integer('ADMIN_PORT', { min: 0, max: 65_535 }) },
    logLevel: 'info' as const,
  })
}

/** Starts with the first line on stdin; each later line is the reason why it is not ready. */
await runService(
  'sample',
  { config: parseConfig, own: parseOwn },
  async ({ config, own, defer, logger, signal }) => {
    const called = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
    const started = new Promise<void>((resolve) => {
      process.stdin.once('data', () => {
        process.stdin.on('data', (line) => void reasons.splice(0, 1, line.toString().trim()))
        resolve()
      })
    })
    defer({ close: () => say('first closed') })
    const second = defer({
      name: 'second',
      async stop() {
        const { status } = await fetch(`http://127.0.0.1:${own.admin.port}/readyz`)
        say(`second stopped at readiness ${status}`)
      },
    })
    logger.info('The start waits')
    await Promise.race([started, called])
    if (config.failing) throw new Error(`${second.name} failed`)
    return { url: 'http://sample', notReadyReasons: () => reasons }
  },
)
