/** What the page shows and explains; it holds no secret but the password that everybody knows. */
export type PlaygroundSettings = Readonly<{
  /** filled in for the newcomer, where it works */
  signIn: { username: string; password: string } | null
  metricsUrl: string
  accessTtlSeconds: number
  dueThresholdSeconds: number
  refreshTtlSeconds: number
  graceSeconds: number
}>
