const MIN_CHARACTERS = 8
const MAX_CHARACTERS = 256

/** Why a new password is refused, as a sentence; `undefined` when it is fine. Length alone counts (NIST SP 800-63B-4). */
export function refusePassword(password: string): string | undefined {
  if (!password.isWellFormed()) return 'The password is not well-formed Unicode'
  // no sign-in could send it: they are refused there
  if (/\p{Cc}/u.test(password)) return 'The password has a control character'
  const { length } = Array.from(password)
  return length < MIN_CHARACTERS || length > MAX_CHARACTERS ? `The password must have ${MIN_CHARACTERS} to ${MAX_CHARACTERS} characters` : undefined
}

/** The password of the demo account that everybody knows: it opens only from the machine itself. */
export const DEMO_PASSWORD = 'password'
