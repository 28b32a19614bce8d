const MAX_ID_CHARACTERS = 255
const MAX_NAME_CHARACTERS = 128

/** Returns why an external id is refused, as a sentence; `undefined` when it is accepted. */
export function refuseExternalId(id: string): string | undefined {
  if (!id.isWellFormed() || /\p{Cc}/u.test(id)) return 'The external id has invalid characters'
  return id === '' || Array.from(id).length > MAX_ID_CHARACTERS
    ? `The external id must have 1 to ${MAX_ID_CHARACTERS} characters`
    : undefined
}

/**
 * Returns why the name of an external user is refused, as a sentence; `undefined` when it is
 * accepted. The name is for display only, so letters of several alphabets are allowed, and the
 * joiners that some scripts and emoji need.
 */
export function refuseDisplayName(name: string): string | undefined {
  if (!name.isWellFormed()) return 'The name is not well-formed Unicode'
  if (name.trim() === '' || Array.from(name).length > MAX_NAME_CHARACTERS)
    return `The name must have 1 to ${MAX_NAME_CHARACTERS} characters`
  return /\p{Cc}|(?![\u200C\u200D])\p{Cf}/u.test(name)
    ? 'The name has invisible characters'
    : undefined
}

/** Returns the display name of a user for whom no name was given. */
export const toDefaultName = (externalId: string): string =>
  Array.from(externalId).slice(0, MAX_NAME_CHARACTERS).join('')

/**
 * Returns what is hashed for an external user instead of a name. No local name is equal, because
 * names have no control characters. So sign-ins of an external user never make an address familiar
 * for the local user of the same name.
 */
export const toExternalKey = (externalId: string): string => `\0${externalId}`
