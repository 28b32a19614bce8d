type Write = (fields: object, message: string) => void

/** The logger that the core needs; pino and Fastify's `app.log` have this shape. */
export type Log = Readonly<{ info: Write; warn: Write; error: Write }>

/** A logger that may also have `debug` lines. */
export type DebugLog = Log & Readonly<{ debug?: Write }>

/** Writes warnings and errors to the console. */
export const consoleLog: Log = {
  info() {},
  warn: (fields, message) => console.warn(message, fields),
  error: (fields, message) => console.error(message, fields),
}
