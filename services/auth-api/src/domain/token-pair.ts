/** The tokens that a sign-in or a refresh returns. */
export type TokenPair = Readonly<{
  accessToken: string
  refreshToken: string
  expiresInSeconds: number
  sessionId: string
  /** when an unused refresh token expires (Unix ms), and with it the cookie */
  idleUntilMs: number
}>
