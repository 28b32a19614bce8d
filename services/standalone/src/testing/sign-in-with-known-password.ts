import { request } from 'node:http'

/** A sign-in of a browser with the password that everybody knows. */
export const KNOWN_PASSWORD_BODY = JSON.stringify({
  username: 'admin',
  password: 'password',
  transport: 'cookie',
})

const BROWSER = { 'content-type': 'application/json', 'x-auto-refresh': '1' }
type Answer = { status: number | undefined; cookie: string }

function ask(url: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: body === undefined ? 'GET' : 'POST', agent: false, headers },
      (answer) => {
        answer
          .resume()
          .once('end', () =>
            resolve({ status: answer.statusCode, cookie: String(answer.headers['set-cookie']) }),
          )
      },
    )
    sent.once('error', reject).end(body)
  })
}
/** Signs in with it, with headers that `fetch` does not allow, such as `host`. */
export const signInWithKnownPassword = (url: string, headers: Record<string, string> = {}) =>
  ask(`${url}/api/v1/auth/token`, { ...BROWSER, ...headers }, KNOWN_PASSWORD_BODY)

/** Returns the status of the playground's page. */
export const openPlayground = async (url: string, headers: Record<string, string> = {}) =>
  (await ask(`${url}/`, headers)).status
