import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import openapiTypescript, { astToString } from 'openapi-typescript'
import { expect, test } from 'vitest'
import { startStandalone, temporaryFolder } from './harness/start-standalone.ts'

const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc')

/** What a developer writes with the generated types. */
const CLIENT = `
import type { operations } from './api.d.ts'

type BodyOf<Name extends keyof operations> = operations[Name] extends {
  requestBody: { content: { 'application/json': infer Body } }
}
  ? Body
  : never
type AnswerOf<Name extends keyof operations> = operations[Name] extends {
  responses: { 200: { content: { 'application/json': infer Answer } } }
}
  ? Answer
  : never

export async function signIn(body: BodyOf<'signIn'>): Promise<string> {
  const response = await fetch('/api/v1/auth/token', { method: 'POST', body: JSON.stringify(body) })
  const answer: AnswerOf<'signIn'> = await response.json()
  const seconds: number = answer.data.expires_in
  return answer.data.access_token + String(seconds)
}

void signIn({ username: 'admin', password: 'password' })
// @ts-expect-error the password is missing
void signIn({ username: 'admin' })
export const wrong = (answer: AnswerOf<'getCurrentUser'>) => {
  // @ts-expect-error there is no such field
  return answer.data.email
}
`

test('a client generated from the API reference compiles, and its types are those of the API', async () => {
  await using stack = new AsyncDisposableStack()
  const folder = await temporaryFolder()
  stack.defer(folder.remove)
  const dataDir = join(folder.path, 'data')
  await mkdir(dataDir, { mode: 0o700 })
  const system = await startStandalone({ dataDir, env: {} })
  stack.defer(async () => void (await system.stop()))
  const { url } = await system.ready()

  await writeFile(
    join(folder.path, 'api.d.ts'),
    astToString(await openapiTypescript(new URL('/openapi.json', url))),
  )
  await writeFile(join(folder.path, 'client.ts'), CLIENT)
  await writeFile(join(folder.path, 'package.json'), '{"type":"module"}')
  const settings = {
    compilerOptions: {
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      module: 'nodenext',
      target: 'es2024',
      lib: ['es2024', 'dom'],
      types: [],
      allowImportingTsExtensions: true,
    },
    files: ['client.ts'],
  }
  await writeFile(join(folder.path, 'tsconfig.json'), JSON.stringify(settings))
  const compiled = await promisify(execFile)(process.execPath, [tsc, '-p', folder.path]).catch(
    (error: { stdout: string }) => error,
  )
  expect(compiled.stdout).toBe('')
})
