export type Question = Readonly<{
  url: string
  method?: 'GET' | 'POST'
  headers?: Readonly<Record<string, string>>
  body?: object
  /** milliseconds for both attempts together */
  deadlineMs: number
}>
export type Answer = Readonly<{ status: number; headers: Headers; body: unknown }>
/** Revocations of a million sessions. */
const MOST_BYTES = 67_108_864
export type Ask = (question: Question) => Promise<Answer>

/**
 * Asks auth-api, and after a broken or late connection once more: everything that is asked may be
 * asked twice. Throws what went wrong the second time; the error holds nothing of what was sent or
 * answered.
 */
export const ask: Ask = async (question) => {
  const startedAtMs = performance.now()
  try {
    return await attempt(question, question.deadlineMs / 2)
  } catch {
    return attempt(question, question.deadlineMs - (performance.now() - startedAtMs))
  }
}

async function attempt(
  { url, method = 'GET', headers = {}, body }: Question,
  withinMs: number,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // keys and tokens go to this address and no other
    redirect: 'error',
    signal: AbortSignal.timeout(Math.max(1, Math.ceil(withinMs))),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: parse(await readText(response)),
  }
}

/**
 * Throws where an answer is longer than any of auth-api: it must not fill the memory of the back
 * end.
 */
async function readText({ body }: Response): Promise<string> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  // leaving the loop cancels the rest
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > MOST_BYTES) throw new Error('The answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // the error would quote the text
    return undefined
  }
}
