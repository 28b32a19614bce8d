/** Who acts: the holder of an API key, a user, an operator at the command line, or the service. */
export type Actor = Readonly<{
  kind: 'key' | 'user' | 'cli' | 'system'
  /** the name of the key, the id of the user, the account of the operating system */
  name: string
  /** of a user: the session, and the network of the request (/24 or /48) */
  session?: Readonly<{ id: string; network: string }>
}>

/** `key:cases-api`, for events, records and logs. */
export const toActorText = ({ kind, name }: Actor): string => `${kind}:${name}`
