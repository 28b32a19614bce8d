import { isPlainLoopback } from '@auto-refresh/server/core'
import type { RefreshCookieSettings } from '@auto-refresh/server/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { KNOWN_DEVICE_DAYS } from '../../../domain/known-device-days.ts'

const NAME = 'known_device'
const PATH = '/api/v1/auth/token'
const MAX_AGE_SECONDS = KNOWN_DEVICE_DAYS * 86_400

/** Reads the proof of a known device. Browsers send this cookie only to the sign-in. */
export function readKnownDevice({ server, headers }: FastifyRequest): string | undefined {
  return headers.cookie === undefined ? undefined : server.parseCookie(headers.cookie)[NAME]
}

/** Sets the cookie of a known device, only for browsers: other clients do not expect a cookie. */
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
