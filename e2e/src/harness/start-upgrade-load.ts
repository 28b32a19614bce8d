import { eventually, waitSeconds } from '@auto-refresh/test-engines'
import { call, me, refresh, toPair, type Answer, type Pair } from './api.ts'
import type { startBalancer } from './start-balancer.ts'

/** Without it the clients would leave no processor to the processes that start. */
const PAUSE_SECONDS = 0.1

type Options = Readonly<{
  clients: readonly Pair[]
  newcomer: { username: string; password: string }
  balancer: Pick<ReturnType<typeof startBalancer>, 'send'>
}>

/**
 * Clients that never repeat a request: each refreshes, by `/refresh` and by the middleware, and
 * calls `/me`. One more logs in and out. `failures` counts the responses that
 * they did not expect.
 */
export function startUpgradeLoad({ clients: given, newcomer, balancer }: Options) {
  const stopping = new AbortController()
  const failures = new Map<string, number>()
  const clients = [...given]
  const rounds = [...given.map(() => 0), 0]
  let requests = 0

  const send = async (
    what: string,
    request: (url: string) => Promise<Answer>,
    expected: number | string = 200,
  ): Promise<Answer> => {
    requests += 1
    const answer = await balancer.send(request)
    if ((answer.code ?? answer.status) !== expected)
      throw new Error(`${what}: ${answer.status} ${answer.code}`)
    return answer
  }
  const round = async (pair: Pair): Promise<Pair> => {
    const next = toPair(await send('refresh', (url) => refresh(url, pair.refresh)))
    await send('me', (url) => me(url, next.access))
    const { headers } = await send('me, due', (url) =>
      me(url, next.access, { 'x-refresh-token': next.refresh }),
    )
    const access = headers.get('x-new-access-token')
    const newest = headers.get('x-new-refresh-token')
    if (access === null || newest === null) throw new Error('me, due: no new pair')
    return { access, refresh: newest }
  }
  const visit = async (): Promise<void> => {
    const body = newcomer
    const first = toPair(
      await send('login', (url) => call(url, 'POST', '/api/v1/auth/token', { body })),
    )
    const last = await round(first)
    const headers = { authorization: `Bearer ${last.access}` }
    await send('logout', (url) => call(url, 'POST', '/api/v1/auth/logout', { headers }))
    await send('refresh', (url) => refresh(url, last.refresh), 'refresh_token_revoked')
  }
  const repeat = async (i: number, work: () => Promise<void>): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await work()
        rounds[i] = (rounds[i] ?? 0) + 1
      } catch (error) {
        const { message, cause } = error as Error & { cause?: Error }
        const reason = cause === undefined ? message : `${message}: ${cause.message}`
        failures.set(reason, (failures.get(reason) ?? 0) + 1)
      }
      await waitSeconds(PAUSE_SECONDS)
    }
  }
  const loops = [
    ...clients.map((_, i) =>
      repeat(i, async () => {
        clients[i] = await round(clients[i] ?? { access: '', refresh: '' })
      }),
    ),
    repeat(clients.length, visit),
  ]

  return {
    failures: () => [...failures].map(([reason, times]) => `${times} x ${reason}`),
    /** Waits until each client has begun and completed as many rounds. */
    async all(times: 'once' | 'twice'): Promise<void> {
      const from = [...rounds]
      const more = times === 'once' ? 1 : 2
      await eventually(
        () => failures.size > 0 || rounds.every((done, i) => done >= (from[i] ?? 0) + more),
      )
    },
    async stop(): Promise<{ clients: readonly Pair[]; requests: number }> {
      stopping.abort()
      await Promise.all(loops)
      return { clients, requests }
    },
  }
}
