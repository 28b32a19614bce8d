import { eventually } from '@auto-refresh/test-engines'

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
    throw new Error(`Expected a token pair, got ${answer.status} ${answer.text}`)
  return { access, refresh }
}

export async function login(url: string, username = 'admin', password = 'password'): Promise<Pair> {
  return toPair(
    await retryUntilAnswered(() =>
      call(url, 'POST', '/api/v1/auth/token', { body: { username, password } }),
    ),
  )
}

export const refresh = (url: string, token: string, headers: Record<string, string> = {}) =>
  call(url, 'POST', '/api/v1/auth/refresh', { body: { refresh_token: token }, headers })

export const me = (url: string, access: string, headers: Record<string, string> = {}) =>
  call(url, 'GET', '/api/v1/auth/me', {
    headers: { authorization: `Bearer ${access}`, ...headers },
  })

/**
 * Repeats the request, as an honest client does, until it gets a response other than a 5xx or 429.
 * Throws after `ms`.
 */
export async function retryUntilAnswered(
  request: () => Promise<Answer>,
  ms = 30_000,
): Promise<Answer> {
  let last: Answer | undefined
  return eventually(async () => {
    last = await request().catch(() => undefined)
    return last !== undefined && last.status < 500 && last.status !== 429 && last
  }, ms).catch((error: unknown) => {
    throw new Error(`No response within ${ms} ms, last ${last?.status} ${last?.text}`, {
      cause: error,
    })
  })
}
