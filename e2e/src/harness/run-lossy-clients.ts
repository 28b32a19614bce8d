import { setTimeout as pause } from 'node:timers/promises'
import { call, login, refresh, retryUntilAnswered, type Pair } from './api.ts'
import { lose, startFaultyProxy, type Fault } from './start-faulty-proxy.ts'

const CLIENTS = 50
/** Refreshes of each client before the restart, and again after it. */
const REFRESHES = 1
/** One answer in five is lost. */
const LOST_EVERY = 5
const THINK_MS = 200

type Client = { pair: Pair; refreshes: number }

/**
 * Runs 50 signed-in clients against a back end while every fifth of its answers is lost, and
 * `restart` runs in the middle. A client repeats a request without an answer with the tokens that
 * it has, as the guide's client does. Resolves when every client has refreshed before and
 * after the restart; rejects when one of them is refused.
 */
export async function runLossyClients({
  authUrl,
  password,
  backEnd,
  transport,
  restart,
}: {
  /** auth-api itself */
  authUrl: string
  /** of the demo user; default: the known one */
  password?: string
  /** what the clients call: a back end, or a proxy in front of one */
  backEnd: { url: string; path: string }
  /** how the refresh token travels; the answers carry the new one in the same way */
  transport: 'header' | 'cookie'
  restart: () => Promise<void>
}): Promise<{ refreshes: number; lost: number }> {
  const front = await startFaultyProxy(backEnd.url)
  let answers = 0
  let lost = 0
  const loseSome: Fault = async (forward, request) => {
    answers += 1
    if (answers % LOST_EVERY !== 0) return forward()
    lost += 1
    return lose(forward, request)
  }
  front.faults.set(backEnd.path, loseSome)

  async function visit(client: Client): Promise<void> {
    const { pair } = client
    const tokens: Record<string, string> =
      transport === 'header'
        ? { 'x-refresh-token': pair.refresh }
        : { cookie: `refresh_token=${pair.refresh}` }
    const answer = await call(front.url, 'GET', backEnd.path, {
      headers: { authorization: `Bearer ${pair.access}`, ...tokens },
    }).catch(() => undefined)
    if (answer === undefined) return
    if (answer.status >= 400 && answer.status !== 503)
      throw new Error(`A client was refused: ${answer.status} ${answer.text}`)
    const access = answer.headers.get('x-new-access-token')
    if (access === null) return
    client.pair = { access, refresh: findRefreshToken(answer.headers, transport) }
    client.refreshes += 1
  }

  const visitUntil = (clients: Client[], refreshes: number) =>
    Promise.all(
      clients.map(async (client) => {
        while (client.refreshes < refreshes) {
          await visit(client)
          await pause(THINK_MS * (0.5 + Math.random()))
        }
      }),
    )

  try {
    const clients: Client[] = []
    for (let i = 0; i < CLIENTS; i += 1)
      clients.push({ pair: await login(authUrl, 'admin', password), refreshes: 0 })
    await visitUntil(clients, REFRESHES)
    for (const client of clients) client.refreshes = 0
    await Promise.all([restart(), visitUntil(clients, REFRESHES)])
    // Each client holds the current pair of a session that goes on.
    for (const { pair } of clients) {
      const answer = await retryUntilAnswered(() => refresh(authUrl, pair.refresh))
      if (answer.status !== 200) throw new Error(`A session was lost: ${answer.text}`)
    }
    return { refreshes: clients.length * REFRESHES * 2, lost }
  } finally {
    await front.close()
  }
}

function findRefreshToken(headers: Headers, transport: 'header' | 'cookie'): string {
  const token =
    transport === 'header'
      ? headers.get('x-new-refresh-token')
      : headers
          .getSetCookie()
          .map((cookie) => /^(?:__Host-)?refresh_token=(art_[^;]+)/.exec(cookie)?.[1])
          .find((value) => value !== undefined)
  if (typeof token !== 'string') throw new Error('A refreshed answer has no refresh token')
  return token
}
