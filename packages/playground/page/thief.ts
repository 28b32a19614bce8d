import type { TokenManager } from '@auto-refresh/client'
import { element } from './element.ts'
import { mask, toDuration } from './format.ts'
import { log } from './log.ts'

type Loot = {
  token: string
  sessionId: string | undefined
  generation: number
  usedAt?: number
  isUseless?: boolean
}

/**
 * "Be the thief": keeps a copy of the refresh token in this page, and sends it like a thief who has
 * only the token.
 */
export function createThief({
  tokens,
  graceSeconds,
}: {
  tokens: TokenManager
  graceSeconds: number
}) {
  let loot: Loot | undefined

  function steal() {
    const { refreshToken: token, session } = tokens
    if (token === null || session?.generation === undefined) return
    loot = { token, sessionId: session.sessionId, generation: session.generation }
    log({
      source: 'thief',
      text:
        `Copied the refresh token of generation ${loot.generation}. ` +
        'Now let the honest page refresh, wait, and replay it.',
    })
    draw()
  }

  async function replay() {
    if (loot === undefined) return
    const body = JSON.stringify({ refresh_token: loot.token })
    const response = await fetch('/api/v1/auth/refresh', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      credentials: 'omit',
    })
    const answer = (await response.json()) as {
      data: { refresh_token: string } | null
      error?: { code: string }
    }
    const detail =
      `POST /api/v1/auth/refresh: ${response.status} ${answer.error?.code ?? ''}`.trim()
    if (answer.data === null) {
      loot.isUseless = response.status === 401
      log({
        source: 'thief',
        text: REFUSED[answer.error?.code ?? ''] ?? 'Refused.',
        detail,
        grave: answer.error?.code === 'refresh_token_reused',
      })
    } else if (answer.data.refresh_token === tokens.refreshToken) {
      log({
        source: 'thief',
        text:
          `Received the pair that you hold: within ${graceSeconds} s after its use, ` +
          'the token counts as an honest retry whose answer was lost. No alarm yet.',
        detail,
      })
    } else {
      loot.usedAt ??= Date.now()
      log({
        source: 'thief',
        text:
          `Was first and received the next pair. If you refresh within ${graceSeconds} s, ` +
          'you receive the same pair, like a tab that lost a race. ' +
          'If you refresh later, your own token counts as reused and ends the session for both.',
        detail,
      })
    }
    draw()
  }

  function draw() {
    element('steal', HTMLButtonElement).disabled = tokens.session === null
    element('replay', HTMLButtonElement).disabled = loot === undefined
    element('loot').hidden = loot === undefined
    if (loot === undefined) return
    const { session } = tokens
    if (session?.sessionId === loot.sessionId && (session?.generation ?? 0) > loot.generation)
      loot.usedAt ??= Date.now()
    element('replay-means').textContent =
      'Sends the copy without the client, as another machine would.'
    element('loot-token').textContent = mask(loot.token)
    element('loot-state').textContent = `of generation ${loot.generation}, ${describe(loot)}`
  }

  function describe({ usedAt, sessionId, isUseless }: Loot): string {
    if (isUseless === true) return 'useless: its session has ended.'
    if (usedAt === undefined)
      return sessionId === tokens.session?.sessionId
        ? 'current: the first to use it receives the next pair.'
        : 'of another session.'
    const age = Math.floor((Date.now() - usedAt) / 1000)
    const left = graceSeconds - age
    return left > 0
      ? `used ${age} s ago: for ${toDuration(left)} more it counts as an honest retry.`
      : `used ${toDuration(age)} ago: using it again ends the session.`
  }

  element('steal').addEventListener('click', steal)
  element('replay').addEventListener(
    'click',
    () => void replay().catch(() => log({ source: 'thief', text: 'The server is unavailable.' })),
  )
  return { draw }
}

const REFUSED: Record<string, string> = {
  refresh_token_reused:
    'Refused: the token was used before. Its session was ended, for the thief and for you.',
  refresh_token_revoked: 'Refused: the session has already ended.',
  rate_limited: 'Refused: too many attempts.',
}
