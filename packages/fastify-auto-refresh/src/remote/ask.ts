export type Question = Readonly<{
  url: string
  method?: 'GET' | 'POST'
  headers?: Readonly<Record<string, string>>
  body?: object
  /** milliseconds for both attempts together */
  deadlineMs: number
}>
export type Answer = Readonly<{ status: number; headers: Headers; body: unknown }>
export type Ask = (question: Question) => Promise<Answer>

/**
 * Asks auth-api, and after a broken or late connection once more: everything that is asked may be asked twice. Throws what
 * went wrong the second time; the error holds nothing of what was sent or answered.
 */
export const ask: Ask = async (question) => {
  const startedAtMs = performance.now()
  try {
    return await attempt(question, question.deadlineMs / 2)
  } catch {
    return attempt(question, question.deadlineMs - (performance.now() - startedAtMs))
  }
}

async function attempt({ url, method = 'GET', headers = {}, body }: Question, withinMs: number): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // keys and tokens go to this address and no other
    redirect: 'error',
    signal: AbortSignal.timeout(Math.max(1, Math.ceil(withinMs))),
  })
  return { status: response.status, headers: response.headers, body: parse(await response.text()) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // the error would quote the text
    return undefined
  }
}
