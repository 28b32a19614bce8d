import { addSecretFiles, readEnvironment, runStep } from '@auto-refresh/service-kit/config'
import { migrate } from '@auto-refresh/service-kit/postgres'
import { CLEANUP_MIGRATIONS } from './cleanup-migrations.ts'

await runStep(process, async () => {
  const env = readEnvironment(addSecretFiles(process.env))
  // the owner of the schema
  const url = env.done(env.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] }))
  await migrate({ url, ...CLEANUP_MIGRATIONS, log: console.log })
})
