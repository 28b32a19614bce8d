import type { TokenManager } from '@auto-refresh/client'
import { element } from './element.ts'

const SIGNED_IN = ['tokens', 'actions', 'account']

/**
 * Shows what belongs to somebody who is signed in, or the form. Where that takes the focused
 * element away, the focus goes to the new title.
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

/** Why nobody is signed in any more, above the form; nothing while somebody is. */
export function explainEnd(why: { text: string; grave?: boolean } | undefined): void {
  element('ended').textContent = why?.text ?? ''
  element('ended').hidden = why === undefined
  element('ended').classList.toggle('alarm', why?.grave === true)
}
