const MAX_CHARACTERS = 128
/** Alphabets with letters that look alike: `admin` can be written with letters of each of them. */
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
 * Returns the form in which a name is unique and looked up: NFKC, lower case. NFKC is applied again
 * at the end, because lower case can undo it (the Turkish dotted I).
 */
export function toUsernameKey(username: string): string {
  return username.normalize('NFKC').toLowerCase().normalize('NFKC')
}

/** Returns why a new name is refused, as a sentence; `undefined` when it is accepted. */
export function refuseUsername(username: string): string | undefined {
  const key = toUsernameKey(username)
  if (!username.isWellFormed()) return 'The name is not well-formed Unicode'
  if (key === '' || Array.from(username).length > MAX_CHARACTERS)
    return `The name must have 1 to ${MAX_CHARACTERS} characters`
  // Control, format (bidi), private and unassigned characters would allow names that look alike.
  if (/\p{C}/u.test(username) || /\p{C}/u.test(key)) return 'The name has invisible characters'
  if (LOOKALIKE_SCRIPTS.filter((script) => script.test(key)).length > 1)
    return 'The name mixes alphabets with letters that look alike'
  if (key.trim() !== key) return 'The name begins or ends with a space'
  return undefined
}
