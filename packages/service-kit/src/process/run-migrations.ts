import { addSecretFiles, readEnvironment } from '@auto-refresh/service-kit/config'
import { runStep } from './run-step.ts'

/**
 * The process that brings a schema to its newest version. `DATABASE_URL` names the owner of the
 * schema. Ends with 78 for wrong settings, with 1 for any other fault, and says which on stderr.
 */
export async function runMigrations(migrations: {
  schema: string
  /** absolute path of the folder of `001.do.<name>.sql` files */
  directory: string
}): Promise<void> {
  await runStep(process, async () => {
    const env = readEnvironment(addSecretFiles(process.env))
    const url = env.done(env.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] }))
    // Loaded here, because a service without a database loads this part too.
    const { migrate } = await import('@auto-refresh/service-kit/postgres')
    await migrate({ url, ...migrations, log: console.log })
  })
}
