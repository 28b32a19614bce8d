import { addSecretFiles, readEnvironment } from '@auto-refresh/service-kit/config'
import { runStep } from './run-step.ts'

/**
 * Runs the migrations of a schema as a process. `DATABASE_URL` must log in as the owner of the
 * schema. Exits with 78 for invalid settings and 1 for any other error, with a message on stderr.
 */
export async function runMigrations(migrations: {
  schema: string
  /** absolute path of the folder of `001.do.<name>.sql` files */
  directory: string
}): Promise<void> {
  await runStep(process, async () => {
    const env = readEnvironment(addSecretFiles(process.env))
    const url = env.done(env.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] }))
    // Loaded here, because services without a database import this module too.
    const { migrate } = await import('@auto-refresh/service-kit/postgres')
    await migrate({ url, ...migrations, log: console.log })
  })
}
