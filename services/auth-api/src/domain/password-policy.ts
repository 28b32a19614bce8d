import { isGuessable } from './is-guessable.ts'

const MIN_CHARACTERS = 15
const MAX_CHARACTERS = 256

/**
 * Returns why a new password is refused, as a sentence; `undefined` when it is accepted. Checks the
 * length and common guesses, not the kinds of characters (NIST SP 800-63B-4).
 */
export function refusePassword(password: string, username: string): string | undefined {
  if (!password.isWellFormed()) return 'The password is not well-formed Unicode'
  // The sign-in refuses control characters too.
  if (/\p{Cc}/u.test(password)) return 'The password has a control character'
  const { length } = Array.from(password)
  if (length < MIN_CHARACTERS || length > MAX_CHARACTERS)
    return `The password must have ${MIN_CHARACTERS} to ${MAX_CHARACTERS} characters`
  return isGuessable(password, username)
    ? 'The password is easy to guess: choose words that are not common and not part of the name'
    : undefined
}

/** The published password of the demo user. It works only for requests from the machine itself. */
export const DEMO_PASSWORD = 'password'
