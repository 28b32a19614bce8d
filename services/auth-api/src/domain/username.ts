const MAX_CHARACTERS = 128
/**
 * Two names that look alike must not be two users: `admin` can be written with letters of any of
 * these.
 */
const LOOKALIKE_SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
  /\p{Script=Lisu}/u,
]

/**
 * The one form under which a name is unique and is looked for: NFKC, lower case. Lower case can
 * undo NFKC (the Turkish dotted I), so it is applied again.
 */
export function toUsernameKey(username: string): string {
  return username.normalize('NFKC').toLowerCase().normalize('NFKC')
}

/** Why a new name is refused, as a sentence; `undefined` when it is fine. */
export function refuseUsername(username: string): string | undefined {
  const key = toUsernameKey(username)
  if (!username.isWellFormed()) return 'The name is not well-formed Unicode'
  if (key === '' || Array.from(username).length > MAX_CHARACTERS)
    return `The name must have 1 to ${MAX_CHARACTERS} characters`
  // Control, format (bidi), private and unassigned characters: two names that look alike must not
  // be two users.
  if (/\p{C}/u.test(username) || /\p{C}/u.test(key))
    return 'The name has characters that cannot be seen'
  if (LOOKALIKE_SCRIPTS.filter((script) => script.test(key)).length > 1)
    return 'The name mixes alphabets whose letters look alike'
  if (key.trim() !== key) return 'The name begins or ends with a blank'
  return undefined
}
