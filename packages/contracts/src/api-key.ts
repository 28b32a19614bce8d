/** What the holder of an API key may do. */
export const API_KEY_SCOPES = [
  'revocations:read',
  'tokens:refresh',
  'tokens:introspect',
  'sessions:create',
  'admin:read',
  'admin:write',
] as const
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number]

/** An entry of `API_KEYS`. Two keys of the same scopes may have one name while a secret is changed. */
export type ApiKey = Readonly<{
  /** the actor in logs and in the audit trail */
  name: string
  scopes: readonly ApiKeyScope[]
  secret: string
}>
