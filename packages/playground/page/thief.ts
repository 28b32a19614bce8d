import type { TokenManager } from '@auto-refresh/client'
import { element } from './element.ts'
import { mask, toDuration } from './format.ts'
import { log } from './log.ts'

type Loot = {
  token: string
  sessionId: string | undefined
  generation: number
  spentAt?: number
  isWorthless?: boolean
}

/**
 * "Be the thief": keeps a copy of the refresh token in this page, and sends it as somebody would
 * who has nothing else.
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
      text: `Copied the refresh token of generation ${loot.generation}. Now let the honest page refresh, wait, and replay it.`,
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
      loot.isWorthless = response.status === 401
      log({
        source: 'thief',
        text: REFUSED[answer.error?.code ?? ''] ?? 'Refused.',
        detail,
        grave: answer.error?.code === 'refresh_token_reused',
      })
    } else if (answer.data.refresh_token === tokens.refreshToken) {
      log({
        source: 'thief',
        text: `Got the pair that you hold: within ${graceSeconds} s after it was spent, the token may be an honest retry whose answer was lost. No alarm yet.`,
        detail,
      })
    } else {
      loot.spentAt ??= Date.now()
      log({
        source: 'thief',
        text: `Was first, and got the next pair. Refresh within ${graceSeconds} s and you get the same one, like a tab that lost a race; refresh later and your own token is the spent one that ends the session for both.`,
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
      loot.spentAt ??= Date.now()
    element('replay-means').textContent = 'Sends the copy past the client, as from another machine.'
    element('loot-token').textContent = mask(loot.token)
    element('loot-state').textContent = `of generation ${loot.generation}, ${describe(loot)}`
  }

  function describe({ spentAt, sessionId, isWorthless }: Loot): string {
    if (isWorthless === true) return 'worth nothing: its session is over.'
    if (spentAt === undefined)
      return sessionId === tokens.session?.sessionId
        ? 'the current one: whoever uses it first gets the next pair.'
        : 'not of the session that is open here.'
    const age = Math.floor((Date.now() - spentAt) / 1000)
    const left = graceSeconds - age
    return left > 0
      ? `spent ${age} s ago: for ${toDuration(left)} more it passes for an honest retry.`
      : `spent ${toDuration(age)} ago: used now, it ends the session.`
  }

  element('steal').addEventListener('click', steal)
  element('replay').addEventListener(
    'click',
    () =>
      void replay().catch(() => log({ source: 'thief', text: 'The server cannot be reached.' })),
  )
  return { draw }
}

const REFUSED: Record<string, string> = {
  refresh_token_reused:
    'Refused: the token was spent before. Its session is over, for the thief and for you.',
  refresh_token_revoked: 'Refused: the session is over already.',
  rate_limited: 'Refused: too many tries.',
}
