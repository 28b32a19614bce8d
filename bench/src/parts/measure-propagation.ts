import { setTimeout as delay } from 'node:timers/promises'
import { autoRefresh } from '@auto-refresh/server/fastify'
import { decodeJwt } from 'jose'
import { fastify } from 'fastify'
import { median } from '../report/median.ts'
import { signIn } from './sign-in.ts'

const POLL_MS = 2
const DEADLINE_MS = 30_000
/** The back end reads the list every second: revocations must not follow its rhythm. */
const LONGEST_PAUSE_MS = 1000

export type Propagation = Readonly<{ p50Ms: number; p99Ms: number; maxMs: number }>

/**
 * Ends sessions one after the other with `DELETE /sessions/{id}`, and measures from the request to
 * the first refusal by a back end with the server package, which runs in this process.
 */
export async function measurePropagation({
  url,
  apiKey,
  revocations,
}: {
  url: string
  apiKey: string
  revocations: number
}): Promise<Propagation> {
  const admin = await signIn(url)
  const app = fastify()
  await app.register(autoRefresh, {
    issuer: decodeJwt(admin.accessToken).iss ?? '',
    authApiUrl: url,
    apiKey,
    refresh: false,
  })
  app.get('/', () => ({}))
  await app.ready()
  const ask = async (token: string) =>
    (await app.inject({ url: '/', headers: { authorization: `Bearer ${token}` } })).statusCode

  const times: number[] = []
  try {
    for (let done = 0; done < revocations; done += 1) {
      const { accessToken, sessionId } = await signIn(url)
      const before = await ask(accessToken)
      if (before !== 200) throw new Error(`The back end answered ${before} to a live session`)
      await delay(Math.random() * LONGEST_PAUSE_MS)
      const startMs = performance.now()
      const { status } = await fetch(`${url}/api/v1/auth/sessions/${sessionId}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${admin.accessToken}` },
      })
      if (status !== 200) throw new Error(`DELETE of a session was answered ${status}`)
      while ((await ask(accessToken)) !== 401) {
        if (performance.now() - startMs > DEADLINE_MS)
          throw new Error(`A revocation was unknown after ${DEADLINE_MS / 1000} s`)
        await delay(POLL_MS)
      }
      times.push(performance.now() - startMs)
    }
  } finally {
    await app.close()
  }
  const sorted = times.toSorted((a, b) => a - b)
  return {
    p50Ms: median(sorted),
    p99Ms: sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN,
    maxMs: sorted.at(-1) ?? Number.NaN,
  }
}
