import { expect, vi } from 'vitest'
import { ISSUER, type startFakeAuthApi } from '../start-fake-auth-api.ts'
import { send, type Answer, type Sent } from './send.ts'
import type { BackEndTraits } from './start-back-end.ts'

type FakeAuthApi = Awaited<ReturnType<typeof startFakeAuthApi>>
type Outcomes = NonNullable<ReturnType<FakeAuthApi['state']['outcomes']['get']>>
type Life = 'valid' | 'due' | 'expired'
type Fields = NonNullable<Sent['headers']>

/** A back end with its auth-api. The scenarios share it: each has sessions of its own. */
export type Contract = Readonly<{
  authApi: FakeAuthApi
  url: string
  /** Starts another one, for a scenario that disturbs it. */
  startOther(given?: BackEndTraits): Promise<Contract>
}>
export type Scenario = (contract: Contract) => Promise<void>
/** By title. */
export type Scenarios = Readonly<Record<string, Scenario>>

const LEFT_SECONDS: Record<Life, number> = { valid: 1800, due: 100, expired: -10 }

export const optionsFor = (authApi: FakeAuthApi) => ({
  issuer: ISSUER,
  authApiUrl: authApi.url,
  apiKey: 'api-key',
})

let count = 0

/**
 * Creates a user with one session, unknown to the other scenarios. `peek` and `renewal` are
 * auth-api's answers about its refresh token. In access tokens the role is `user`; at auth-api it
 * is `admin`.
 */
export function createSession(
  { url, authApi }: Contract,
  { peek, renewal, claims = {} }: Outcomes & { claims?: object } = {},
) {
  count += 1
  const tail = count.toString(16).padStart(12, '0')
  const refreshToken = `refresh-token-${count}`
  const tokens = { access: `new-access-${count}`, refresh: `new-refresh-${count}` }
  const ids = { sid: `0198c1a0-0000-7000-8000-${tail}`, sub: `0198c1a0-0000-7000-9000-${tail}` }
  authApi.state.outcomes.set(refreshToken, {
    peek: peek ?? { outcome: 'would_renew', user: { username: 'ann', role: 'admin' } },
    renewal: renewal ?? {
      outcome: 'renewed',
      access_token: tokens.access,
      refresh_token: tokens.refresh,
      refresh_expires_in: 604_800,
    },
  })
  const access = (life: Life) =>
    authApi.sign({ leftSeconds: LEFT_SECONDS[life], claims: { ...ids, ...claims } })
  const byHeader: Fields = [['x-refresh-token', refreshToken]]
  const fields = async (life: Life, refresh: Fields = byHeader): Promise<Fields> => [
    ['authorization', `Bearer ${await access(life)}`],
    ...refresh,
  ]
  /** What auth-api was asked about this refresh token: peek, renew. */
  const calls = () =>
    authApi.state.calls
      .filter(({ body }) => Reflect.get(Object(body), 'refresh_token') === refreshToken)
      .map(({ call }) => (call === 'renewals' ? 'renew' : 'peek'))
  return {
    ...ids,
    /** names what a handler notes */
    id: `s${count}`,
    refreshToken,
    tokens,
    access,
    /** the headers of a request of this session */
    fields,
    calls,
    byHeader,
    byCookie: [['cookie', `refresh_token=${refreshToken}`]] as Fields,
    get: async (
      life: Life,
      path = '/cases',
      { refresh, more = [], ...sent }: Sent & { refresh?: Fields; more?: Fields } = {},
    ) => send(`${url}${path}`, { ...sent, headers: [...(await fields(life, refresh)), ...more] }),
  }
}
export type Session = ReturnType<typeof createSession>

/** The response has this session's new tokens in its headers, and auth-api was asked once. */
export function expectRenewed(answer: Answer | Pick<Answer, 'headers'>, session: Session): void {
  expect(answer.headers).toMatchObject({
    'x-token-refreshed': 'true',
    'x-new-access-token': session.tokens.access,
    'x-new-refresh-token': session.tokens.refresh,
    'cache-control': 'no-store, private',
  })
  expect(session.calls()).toEqual(['peek', 'renew'])
}

/** The response has no new tokens, and auth-api was asked this. */
export function expectUnrenewed(
  { headers }: Pick<Answer, 'headers'>,
  session: Session,
  calls: readonly string[],
): void {
  const names = Object.keys(headers).filter((name) => /x-new-|x-token-refreshed/.test(name))
  const cookies = headers['set-cookie']?.filter((cookie) => cookie.includes('refresh_token'))
  expect([names, cookies ?? [], session.calls()]).toEqual([[], [], calls])
}

/** The status of a response, with the code of a refusal. */
export function summaryOf({ status, body }: Answer): string {
  const code = /"code":"(\w+)"/.exec(body)?.[1]
  return code === undefined ? String(status) : `${status} ${code}`
}

/** What the handlers noted under this name. */
export async function notesOf({ url }: Contract, id: string): Promise<string[]> {
  return JSON.parse((await send(`${url}/notes?id=${id}`)).body)
}

/** Lets a handler that waits go on. */
export async function release({ url }: Contract, id: string): Promise<void> {
  const answer = await send(`${url}/release?id=${id}`, { method: 'POST', body: '{}' })
  expect(answer.status).toBe(200)
}

/** Waits for a note. */
export const noted = (contract: Contract, id: string, what: string) =>
  vi.waitFor(async () => expect(await notesOf(contract, id)).toContain(what), {
    timeout: 60_000,
    interval: 20,
  })
