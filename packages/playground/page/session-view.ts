import type { TokenManager } from '@auto-refresh/client'
import { element } from './element.ts'

const SIGNED_IN = ['tokens', 'actions', 'account']

/**
 * Shows the signed-in view or the form. If that hides the focused element, the focus moves to the
 * new title.
 */
export function drawSessionView(tokens: TokenManager): void {
  const isSignedIn = tokens.session !== null
  if (element('signed-out').hidden === isSignedIn && element('tokens').hidden !== isSignedIn) return
  const focused = document.activeElement
  element('signed-out').hidden = isSignedIn
  for (const id of SIGNED_IN) element(id).hidden = !isSignedIn
  if (focused !== null && focused.closest('[hidden]') !== null)
    element(isSignedIn ? 'tokens-title' : 'sign-in-title').focus()
}

/** Shows above the form why the session ended; hidden while signed in. */
export function explainEnd(why: { text: string; grave?: boolean } | undefined): void {
  element('ended').textContent = why?.text ?? ''
  element('ended').hidden = why === undefined
  element('ended').classList.toggle('alarm', why?.grave === true)
}
