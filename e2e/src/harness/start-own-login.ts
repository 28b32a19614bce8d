import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { compare, hash } from 'bcrypt'
import express, { type Express } from 'express'
import { readBlocks } from './read-blocks.ts'

/** The lowest cost that bcrypt allows. */
const COST = 4

type Login = { email?: string; password?: string; transport?: string }
type AddLogin = (
  app: Express,
  checkPassword: (login: Login) => Promise<object | undefined>,
  process: { env: Record<string, string> },
) => void

export type OwnLogin = Awaited<ReturnType<typeof startOwnLogin>>

/**
 * Starts an Express application that has its own users, with bcrypt hashes, and the login of
 * docs/clients/own-login.md. It knows nothing else of auth-api.
 */
export async function startOwnLogin({
  authApiUrl,
  apiKey,
}: {
  authApiUrl: string
  apiKey: string
}) {
  const users = new Map([
    ['ayu@example.com', { id: 1084, name: 'admin', role: 'user', tenant: 't1' }],
    ['budi@example.com', { id: 2077, name: 'admin', role: 'user', tenant: 't2' }],
  ])
  const hashes = new Map<string, string>()
  for (const email of users.keys()) hashes.set(email, await hash(`password of ${email}`, COST))
  const checkPassword = async ({ email = '', password = '' }: Login) =>
    (await compare(password, hashes.get(email) ?? '')) ? users.get(email) : undefined

  const app = express()
  app.set('trust proxy', true)
  app.use(express.json())
  const addLogin = await readLogin()
  addLogin(app, checkPassword, { env: { AUTH_API_URL: authApiUrl, API_KEY: apiKey } })

  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Changes a user in the table of the application. */
    change(email: string, change: { role?: string; tenant?: string }) {
      const user = users.get(email)
      if (user !== undefined) users.set(email, { ...user, ...change })
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Reads the code of the document; here the caller chooses the transport. */
async function readLogin(): Promise<AddLogin> {
  const [block] = readBlocks('docs/clients/own-login.md').filter(
    ({ language }) => language === 'js',
  )
  const code = (block?.code ?? '').replace(
    `transport: 'body'`,
    `transport: request.body.transport ?? 'body'`,
  )
  const source = `export const add = (app, checkPassword, process) => {\n${code}}`
  const { add } = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
    add: AddLogin
  }
  return add
}
