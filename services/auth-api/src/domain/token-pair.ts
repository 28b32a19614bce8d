/** What a sign-in or a refresh gives to the client. */
export type TokenPair = Readonly<{
  accessToken: string
  refreshToken: string
  expiresInSeconds: number
  sessionId: string
  /** when the refresh token dies unused, Unix milliseconds: the cookie's Max-Age ends here */
  idleUntilMs: number
}>
