import { connect } from 'node:net'
import { Client, type ClientConfig } from 'pg'
import type { Connection } from './to-connection.ts'

type Callback = (error: Error) => void
/** Fields of pg's client that its types do not declare. */
type Inner = {
  ssl: unknown
  host: string
  port: number
  connection: { ssl: unknown }
  connectionParameters: { options: unknown }
}

/** Length 8 and the code 80877103 (protocol documentation, "SSLRequest"). The answer is S or N. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/**
 * Returns a subclass of pg's client for one `DATABASE_URL`. It ignores `PGOPTIONS`, which would
 * change settings that the code depends on, and falls back to plain text if the URL allows it.
 */
export function createClientClass({
  config: { options },
  tlsIsOptional,
}: Connection): typeof Client {
  return class extends Client {
    constructor(config?: string | ClientConfig) {
      super(config)
      this.#inner.connectionParameters.options = options
    }

    get #inner(): Inner {
      return this as unknown as Inner
    }

    override connect(): Promise<this>
    override connect(callback: Callback): void
    override connect(callback?: Callback): Promise<this> | void {
      if (!tlsIsOptional)
        return callback === undefined ? (super.connect() as Promise<this>) : super.connect(callback)
      const connected = offersTls(this.#inner).then((offers) => {
        if (!offers) this.#inner.ssl = this.#inner.connection.ssl = false
        return super.connect() as Promise<this>
      })
      if (callback === undefined) return connected
      connected.then(() => callback(undefined as unknown as Error), callback)
    }
  }
}

/**
 * Whether the server offers TLS. Costs one more round trip per connection, only with
 * `sslmode=prefer` or `allow`.
 */
function offersTls({ host, port }: Inner): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => socket.write(SSL_REQUEST))
    socket.setTimeout(5000, () => socket.destroy(new Error('timeout expired')))
    socket.once('data', (answer) => {
      resolve(answer[0] === 'S'.charCodeAt(0))
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('Connection terminated unexpectedly')))
  })
}
