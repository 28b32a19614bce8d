import { AuthError, TokenManager } from '@auto-refresh/client'
import type { AnyEvent } from '@auto-refresh/contracts'
import type { PlaygroundSettings } from '../src/playground-settings.ts'
import { createAccount } from './account.ts'
import { describeEvent } from './describe-event.ts'
import { element } from './element.ts'
import { listen } from './listen.ts'
import { log } from './log.ts'
import { drawMeters } from './meters.ts'
import { drawSessionView, explainEnd } from './session-view.ts'
import { createThief } from './thief.ts'

const DRAW_MS = 250

const settings = (await (await fetch('/playground/settings')).json()) as PlaygroundSettings
const tokens = new TokenManager({
  baseURL: location.origin,
  threshold: settings.dueThresholdSeconds,
})
const account = createAccount({ tokens })
const thief = createThief({ tokens, graceSeconds: settings.graceSeconds })
const username = element('username', HTMLInputElement)
const password = element('password', HTMLInputElement)
/** The session that the server ended because of a theft. */
let stolenSessionId: string | undefined
let sessionId: string | undefined
/** The cause of the next refresh: automatic, unless a button was pressed. */
let cause = 'The access token was due, so the client refreshed automatically'

function draw() {
  sessionId = tokens.session?.sessionId ?? sessionId
  drawSessionView(tokens)
  drawMeters(tokens, settings)
  thief.draw()
}

async function because<T>(why: string, work: () => Promise<T>): Promise<T | undefined> {
  const before = cause
  cause = why
  try {
    return await work()
  } catch (error) {
    log({
      source: 'page',
      text: error instanceof Error ? error.message : String(error),
      ...(error instanceof AuthError ? { detail: error.code } : {}),
      grave: true,
    })
  } finally {
    // the event of the work follows in the next task
    setTimeout(() => (cause = before))
  }
}

element('sign-in').addEventListener('submit', (event) => {
  event.preventDefault()
  element('sign-in-fault').textContent = ''
  tokens.login(username.value, password.value).then(
    () => {
      explainEnd(undefined)
      fillIn()
      log({
        source: 'page',
        text: `Signed in as ${username.value}.`,
        detail: 'POST /api/v1/auth/token: 200',
      })
      draw()
      void account.load()
    },
    (error: AuthError) =>
      (element('sign-in-fault').textContent =
        error.code === 'invalid_credentials' ? 'Wrong user name or password.' : error.message),
  )
})
element('request').addEventListener('click', () => {
  void because('The access token was due, so the client refreshed first', async () => {
    const { status } = await tokens.request('/api/v1/auth/me')
    log({
      source: 'page',
      text: status === 200 ? 'The request succeeded.' : 'The request was refused.',
      detail: `GET /api/v1/auth/me: ${status}`,
    })
  })
})
element('refresh').addEventListener(
  'click',
  () => void because('You refreshed', () => tokens.refreshTokens()),
)
element('sign-out').addEventListener('click', () => void tokens.logout())

tokens.on('refreshed', ({ elsewhere }) => {
  draw()
  const { generation } = tokens.session ?? {}
  if (generation !== undefined)
    log({
      source: 'page',
      text: elsewhere
        ? `Another tab refreshed to generation ${generation}; this tab uses the new pair.`
        : `${cause}. This is generation ${generation}.`,
    })
})
tokens.on('session-ended', ({ reason }) => {
  const isTheft =
    reason === 'refresh_token_reused' || (sessionId !== undefined && sessionId === stolenSessionId)
  const text = isTheft ? THEFT : (ENDED[reason] ?? 'The session is over. Sign in again.')
  explainEnd({ text, grave: isTheft })
  log({
    source: 'page',
    text: isTheft
      ? `The server refuses this session; ${remover(reason)} has removed its tokens.`
      : text,
    detail: reason,
    grave: isTheft,
  })
  draw()
})
tokens.on('error', ({ message, code }) => log({ source: 'page', text: message, detail: code }))

const remover = (reason: string) =>
  reason === 'signed_out_elsewhere' ? 'another tab' : 'the client'
const THEFT =
  'A used refresh token was presented again, so this session was ended, for the thief and for you. Sign in again.'
const ENDED: Record<string, string> = {
  logout: 'You signed out.',
  signed_out_elsewhere: 'You signed out in another tab.',
  refresh_token_revoked: 'This session was ended. Sign in again.',
  refresh_token_expired: 'This session was unused too long. Sign in again.',
}

function fillIn() {
  if (settings.signIn !== null) username.value = settings.signIn.username
  password.value = settings.signIn?.password ?? ''
}

fillIn()
element('metrics', HTMLAnchorElement).href = settings.metricsUrl
element('demo-user').hidden = settings.signIn === null
element('own-user').hidden = settings.signIn !== null
element('slow').hidden = settings.accessTtlSeconds <= 120
draw()
setInterval(draw, DRAW_MS)
if (tokens.session !== null) {
  log({ source: 'page', text: `Still signed in: the tokens were in this browser's storage.` })
  void account.load()
}
void listen(tokens, ({ type, data }) => {
  const event = { type, data } as Pick<AnyEvent, 'type' | 'data'>
  if (event.type === 'session.reuse-detected.v1') {
    stolenSessionId = String(data['session_id'])
    // the client may have got the refusal before
    if (tokens.session === null && stolenSessionId === sessionId)
      explainEnd({ text: THEFT, grave: true })
  }
  log({
    source: 'server',
    ...describeEvent(event, sessionId),
    detail: type,
    at: new Date(String(data['time'])),
  })
  // This request also tells the client that its own session has ended.
  void account.load()
})
