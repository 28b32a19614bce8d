/** Settings that the page shows and explains. The only secret in it is the known demo password. */
export type PlaygroundSettings = Readonly<{
  /** prefilled name and password, where they work */
  signIn: { username: string; password: string } | null
  metricsUrl: string
  accessTtlSeconds: number
  dueThresholdSeconds: number
  refreshTtlSeconds: number
  graceSeconds: number
}>
