import { isPlainLoopback } from '@auto-refresh/server/core'
import { type RefreshCookieSettings } from '@auto-refresh/server/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { KNOWN_DEVICE_DAYS } from '../../../domain/known-device-days.ts'

const NAME = 'known_device'
const PATH = '/api/v1/auth/token'
const MAX_AGE_SECONDS = KNOWN_DEVICE_DAYS * 86_400

/** What a browser that has signed in before proves it by; sent to the sign-in alone. */
export function readKnownDevice({ server, headers }: FastifyRequest): string | undefined {
  return headers.cookie === undefined ? undefined : server.parseCookie(headers.cookie)[NAME]
}

/** Only for browsers: another client would have to keep a cookie that it does not expect. */
export function setKnownDevice(
  reply: FastifyReply,
  proof: string,
  { secure, sameSite }: RefreshCookieSettings,
): void {
  const { headers } = reply.request
  if (headers.origin === undefined && headers['sec-fetch-site'] === undefined) return
  const isSecure =
    secure === 'auto' ? sameSite === 'none' || !isPlainLoopback(reply.request) : secure === 'true'
  const attributes = {
    path: PATH,
    httpOnly: true,
    sameSite,
    secure: isSecure,
    maxAge: MAX_AGE_SECONDS,
  }
  reply.header('set-cookie', reply.server.serializeCookie(NAME, proof, attributes))
}
