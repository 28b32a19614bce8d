import { CodedError } from '@auto-refresh/contracts'
import type { FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import type { Actor } from '../../../../ports/actor.ts'
import type { AdminAccess } from '../../../../use-cases/users/check-administrator.ts'
import { userResponses } from '../responses.ts'
import { BY_ACCESS_TOKEN, byApiKey } from '../route.ts'

const USE = {
  read: [...byApiKey('admin:read'), ...BY_ACCESS_TOKEN],
  write: [...byApiKey('admin:write'), ...BY_ACCESS_TOKEN],
}

/** The schema that all administration routes share. */
export function adminSchema<Data extends TSchema>(
  operationId: string,
  summary: string,
  { needed, data }: { needed: AdminAccess; data: Data },
) {
  return {
    operationId,
    summary,
    tags: ['administration'],
    security: USE[needed],
    response: userResponses(data),
  }
}

/** The responses of a route that creates something. */
export function created<Success, Refusals>({
  200: success,
  ...refusals
}: { 200: Success } & Refusals): { 201: Success } & Omit<Refusals, 200> {
  return { 201: success, ...(refusals as Omit<Refusals, 200>) }
}

/** Returns who acts. The guard has set it. */
export function actorOf({ actor }: FastifyRequest): Actor {
  if (actor === undefined) throw new Error('A route without a guard needs an actor')
  return actor
}

/** Throws the error of a refused act; returns for `done`. */
export function throwRefusal(result: {
  outcome: 'done' | 'added' | 'not_found' | 'taken' | 'own_account' | 'refused'
  reason?: string
}): void {
  switch (result.outcome) {
    case 'done':
    case 'added':
      return
    case 'not_found':
      throw new CodedError('not_found')
    case 'taken':
      throw new CodedError('user_exists')
    case 'own_account':
      throw new CodedError('forbidden', {
        detail:
          'Administrators cannot disable, demote or erase themselves, nor create a password token ' +
          'for themselves; another one can',
      })
    case 'refused':
      throw new CodedError('invalid_request', { detail: result.reason ?? '' })
    default:
      result.outcome satisfies never
  }
}
