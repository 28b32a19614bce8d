import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { findFreePort } from '@auto-refresh/test-engines'
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { Provider } from 'oidc-provider'
import * as client from 'openid-client'

export type IdentityProvider = Awaited<ReturnType<typeof startIdentityProvider>>

const CALLBACK = 'https://app.example/callback'
export const CLIENT_ID = 'front-end'

/**
 * Starts an OpenID Connect provider (oidc-provider) with one public client. Every account exists, and
 * its claims are those that `accounts` names.
 */
export async function startIdentityProvider(accounts: Record<string, object>) {
  const port = await findFreePort()
  const issuer = `http://127.0.0.1:${port}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const provider: Provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'idp' }] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        redirect_uris: [CALLBACK],
      },
    ],
    cookies: { keys: ['a key for the cookies of a test'] },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    conformIdTokenClaims: false,
    findAccount: (_, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, ...accounts[accountId] }),
    }),
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    // Consent, which a person would give on a page.
    async loadExistingGrant({ oidc }) {
      const accountId = oidc.session?.accountId
      if (accountId === undefined) return undefined
      const grant = new provider.Grant({ accountId, clientId: CLIENT_ID })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
  })

  let accountId = ''
  const answer = provider.callback()
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/interaction/') !== true) return void answer(request, response)
    // The page on which a person signs in.
    void provider.interactionFinished(request, response, { login: { accountId } })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    issuer,
    /** Signs an account in by the authorization code flow with PKCE, and returns the ID token. */
    async signIn(account: string): Promise<string> {
      accountId = account
      const config = await client.discovery(new URL(issuer), CLIENT_ID, undefined, client.None(), {
        execute: [client.allowInsecureRequests],
      })
      const verifier = client.randomPKCECodeVerifier()
      const nonce = client.randomNonce()
      const start = client.buildAuthorizationUrl(config, {
        redirect_uri: CALLBACK,
        scope: 'openid profile',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        nonce,
      })
      const tokens = await client.authorizationCodeGrant(config, await browse(start), {
        pkceCodeVerifier: verifier,
        expectedNonce: nonce,
      })
      return tokens.id_token ?? ''
    },
    /** Signs any claims with the key of the provider. */
    sign: (claims: JWTPayload) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'idp' }).sign(privateKey),
    async stop(): Promise<void> {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Follows redirects with cookies, as a browser does, up to the callback. */
async function browse(start: URL): Promise<URL> {
  const cookies = new Map<string, string>()
  let url = start
  for (let steps = 0; !url.href.startsWith(CALLBACK); steps += 1) {
    if (steps > 20) throw new Error(`The provider redirects for ever, at last to ${url.href}`)
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null)
      throw new Error(`${url.pathname} responded ${response.status}: ${await response.text()}`)
    url = new URL(location, url)
  }
  return url
}
