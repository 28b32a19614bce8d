type Write = (fields: object, message: string) => void

/** The logger that the core needs; pino and Fastify's `app.log` have this shape. */
export type Log = Readonly<{ info: Write; warn: Write; error: Write }>
