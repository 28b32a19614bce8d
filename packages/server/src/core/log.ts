type Write = {
  (fields: object, message: string): void
  (message: string): void
}

/** What the core needs of a logger; pino and Fastify's `app.log` have this shape. */
export type Log = Readonly<{ info: Write; warn: Write; error: Write }>
