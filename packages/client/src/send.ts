import type { Gate } from './gate.ts'

/** As `RequestInit`; a `body` that is made anew for each send lets streams be repeated too. */
export type AuthRequestInit = Omit<RequestInit, 'body'> & { body?: BodyInit | null | (() => BodyInit); duplex?: 'half' }
export type Send = (input: string | URL | Request, init?: AuthRequestInit) => Promise<Response>

/** `fetch` with the access token, to our origins alone; a 401 is repeated once with a renewed token and the same body. */
export function createSend({ gate, baseURL, fetch }: { gate: Gate; baseURL: string; fetch: typeof globalThis.fetch }): Send {
  return async (input, init = {}) => {
    const request = typeof input === 'object' && 'headers' in input ? input : undefined
    const url = new URL(request?.url ?? input.toString(), `${baseURL}/`)
    const headers = new Headers(init.headers ?? request?.headers)
    const signal = init.signal ?? request?.signal

    const send = (token: string | undefined, mayRepeat: boolean) => {
      if (token !== undefined) headers.set('Authorization', `Bearer ${token}`)
      const { body, ...rest } = init
      const made = typeof body === 'function' ? body() : body
      // A body is gone once it was sent, so the copy goes first.
      const target = request === undefined ? url : mayRepeat ? request.clone() : request
      return fetch(target, { ...rest, headers, ...(made === undefined ? {} : { body: made }), ...(isStream(made) ? { duplex: 'half' } : {}) } as RequestInit)
    }
    // Who brings an Authorization of their own knows what to do with its refusal.
    if (!gate.isOurs(url.origin) || headers.has('Authorization')) return send(undefined, false)

    const repeatable = !isStream(init.body)
    const pass = await gate.enter(signal, !repeatable)
    const response = await send(pass?.token, pass !== undefined && repeatable)
    if (pass === undefined || !isOurs(response)) return response
    await gate.adopt(response.headers, pass)
    if (response.status !== 401 || !repeatable) return response
    const next = await gate.again(pass, signal)
    if (next === undefined) return response
    await response.body?.cancel().catch(() => {})
    const repeated = await send(next.token, false)
    if (isOurs(repeated)) await gate.adopt(repeated.headers, next)
    return repeated
  }

  // After a redirect the answer may be anybody's (fetch takes the Authorization off on the way there).
  function isOurs({ url }: Response): boolean {
    return url === '' || gate.isOurs(new URL(url).origin)
  }
}

const isStream = (body: unknown): boolean => typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || 'getReader' in body)
