import { createAccessTokenVerifier } from '@auto-refresh/server/core'
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify, type JSONWebKeySet } from 'jose'
import { median } from '../report/median.ts'
import type { SignedIn } from './sign-in.ts'

const AT_ONCE = 16
const TURNS = 100
const ROUNDS = 7

/** CPU per verification in microseconds, medians; the ratio is within each round. */
export type Verification = Readonly<{ oursMicros: number; joseMicros: number; ratio: number }>

/** Compares the verifier of the server package with `jwtVerify` of jose, with the same checks. */
export async function measureVerification(
  url: string,
  { accessToken }: SignedIn,
): Promise<Verification> {
  const response = await fetch(`${url}/.well-known/jwks.json`)
  const keys = (await response.json()) as JSONWebKeySet
  const { iss: issuer = '', aud: audience } = decodeJwt(accessToken)
  if (typeof audience !== 'string') throw new Error('The access token has no audience')
  const known = new Map(
    await Promise.all(
      keys.keys.map(async (jwk) => {
        const key = await importJWK(jwk, 'ES256')
        if (key instanceof Uint8Array) throw new Error('The key is not a public key')
        return [jwk.kid ?? '', key] as const
      }),
    ),
  )
  const verify = createAccessTokenVerifier({
    findKey: (kid) => known.get(kid),
    issuer,
    audience,
    clock: { nowMs: () => Date.now() },
  })
  const publicKey = known.get(decodeProtectedHeader(accessToken).kid ?? '')
  if (publicKey === undefined) throw new Error('The key of the access token is not published')
  async function ours(): Promise<void> {
    const { outcome } = await verify(accessToken)
    if (outcome !== 'valid') throw new Error(`Our verifier says ${outcome}`)
  }
  const checks = { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] }
  const bare = () => jwtVerify(accessToken, publicKey, checks)

  await toMicros(ours)
  await toMicros(bare)
  const rounds: { ours: number; jose: number }[] = []
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push({ ours: await toMicros(ours), jose: await toMicros(bare) })
  return {
    oursMicros: median(rounds.map((round) => round.ours)),
    joseMicros: median(rounds.map((round) => round.jose)),
    ratio: median(rounds.map((round) => round.ours / round.jose)),
  }
}

/** Returns the CPU of this process per call. */
async function toMicros(call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  for (let turn = 0; turn < TURNS; turn += 1)
    await Promise.all(Array.from({ length: AT_ONCE }, call))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (TURNS * AT_ONCE)
}
