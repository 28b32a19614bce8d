import { setTimeout as delay } from 'node:timers/promises'
import { USER } from '../targets.ts'

const BUSY_MS = 100

export type SignedIn = Readonly<{
  accessToken: string
  refreshToken: string
  sessionId: string
}>

/** Signs the benchmark's user in. Waits while the server is busy; throws on a refusal. */
export async function signIn(url: string): Promise<SignedIn> {
  for (;;) {
    const response = await fetch(`${url}/api/v1/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(USER),
    })
    const { data } = (await response.json()) as {
      data: { access_token: string; refresh_token: string } | null
    }
    if (data !== null) {
      const claims = Buffer.from(data.access_token.split('.')[1] ?? '', 'base64url').toString()
      const { sid } = JSON.parse(claims) as { sid: string }
      return { accessToken: data.access_token, refreshToken: data.refresh_token, sessionId: sid }
    }
    if (response.status !== 503) throw new Error(`The sign-in was refused with ${response.status}`)
    await delay(BUSY_MS)
  }
}
