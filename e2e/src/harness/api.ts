import { setTimeout as pause } from 'node:timers/promises'

export type Answer = {
  status: number
  headers: Headers
  code: string | undefined
  data: Record<string, unknown> | null
  text: string
}

/** One call of the public API. A connection that breaks rejects. */
export async function call(
  url: string,
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
  const text = await response.text()
  const body =
    text === ''
      ? {}
      : (JSON.parse(text) as { data?: Record<string, unknown>; error?: { code: string } })
  return {
    status: response.status,
    headers: response.headers,
    code: body.error?.code,
    data: body.data ?? null,
    text,
  }
}

export type Pair = { access: string; refresh: string }

export function toPair(answer: Answer): Pair {
  const { access_token: access, refresh_token: refresh } = answer.data ?? {}
  if (typeof access !== 'string' || typeof refresh !== 'string')
    throw new Error(`no pair but ${answer.status} ${answer.text}`)
  return { access, refresh }
}

export async function login(url: string, username = 'admin', password = 'password'): Promise<Pair> {
  return toPair(
    await persist(() => call(url, 'POST', '/api/v1/auth/token', { body: { username, password } })),
  )
}

export const refresh = (url: string, token: string, headers: Record<string, string> = {}) =>
  call(url, 'POST', '/api/v1/auth/refresh', { body: { refresh_token: token }, headers })

export const me = (url: string, access: string, headers: Record<string, string> = {}) =>
  call(url, 'GET', '/api/v1/auth/me', {
    headers: { authorization: `Bearer ${access}`, ...headers },
  })

/**
 * What an honest client does: the same request again until it gets an answer that is no 5xx and no
 * broken connection.
 */
export async function persist(request: () => Promise<Answer>, ms = 30_000): Promise<Answer> {
  const deadline = performance.now() + ms
  for (;;) {
    const isLast = performance.now() > deadline
    const answer = await request().catch(() => undefined)
    if (answer !== undefined && answer.status < 500 && answer.status !== 429) return answer
    if (isLast) throw new Error(`no answer within ${ms} ms, last ${answer?.status} ${answer?.text}`)
    await pause(50)
  }
}
