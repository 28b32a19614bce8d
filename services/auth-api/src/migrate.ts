import { addSecretFiles, readEnvironment, runStep } from '@auto-refresh/service-kit/config'
import { migrate } from '@auto-refresh/service-kit/postgres'
import { AUTH_API_MIGRATIONS } from './migrations.ts'

await runStep(process, async () => {
  const env = readEnvironment(addSecretFiles(process.env))
  // the owner of the schema
  const url = env.done(env.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] }))
  await migrate({ url, ...AUTH_API_MIGRATIONS, log: console.log })
})
