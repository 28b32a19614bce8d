import {
  AdminUserData,
  AdminUsersData,
  AdminUsersQuery,
  ChangeUserBody,
  CodedError,
  CreateUserBody,
  IdParams,
} from '@auto-refresh/contracts'
import { decodeUserCursor, encodeUserCursor } from '../../request/user-cursor.ts'
import type { UserRecord } from '../../../../ports/user-directory.ts'
import { nothing, NothingData } from '../responses.ts'
import type { App, RouteDeps } from '../route.ts'
import { toUtc } from '../to-utc.ts'
import { actorOf, adminSchema, created, throwRefusal } from './admin-schemas.ts'
import { toId } from './to-id.ts'
import type { RequireAdmin } from './create-require-admin.ts'

const PAGE_SIZE = 50

/** Adds the routes that find, add, change and erase users. */
export function addAdminUsers(
  app: App,
  { administration: { users, sessions } }: RouteDeps,
  requireAdmin: RequireAdmin,
): void {
  const [onRead, onWrite] = [requireAdmin('read'), requireAdmin('write')]
  const one = { params: IdParams }

  const list = {
    ...adminSchema('listUsers', 'Find users', { needed: 'read', data: AdminUsersData }),
    querystring: AdminUsersQuery,
  }
  app.get('/users', { schema: list, onRequest: onRead }, async ({ query: given }) => {
    const { query, active, cursor, limit } = given
    const page = await users.search({
      query,
      active: active === undefined ? undefined : active === 'true',
      after: cursor === undefined ? undefined : decodeUserCursor(cursor),
      limit: limit === undefined ? PAGE_SIZE : Number(limit),
    })
    const next = page.next === undefined ? {} : { next: encodeUserCursor(page.next) }
    const data = { users: page.users.map(toUserData), ...next }
    return { status: 200, message: 'Users retrieved successfully', data }
  })

  const add = {
    ...adminSchema('createUser', 'Add a user', { needed: 'write', data: AdminUserData }),
    body: CreateUserBody,
  }
  app.post(
    '/users',
    {
      schema: { ...add, response: created(add.response) },
      onRequest: onWrite,
    },
    async (request, reply) => {
      const { external_id: externalId, ...rest } = request.body
      const result = await users.add({ ...rest, externalId }, actorOf(request))
      throwRefusal(result)
      if (result.outcome !== 'added') throw new CodedError('unavailable')
      const data = { ...(await findUser(result.user.id)), open_sessions: 0 }
      return reply.code(201).send({ status: 201, message: 'User created successfully', data })
    },
  )

  const get = {
    ...adminSchema('getUser', 'A user, with the last sign-in and the number of open sessions', {
      needed: 'read',
      data: AdminUserData,
    }),
    ...one,
  }
  app.get('/users/:id', { schema: get, onRequest: onRead }, async ({ params }) => {
    const user = await findUser(toId(params))
    const data = { ...user, open_sessions: (await sessions.listOf(user.id)).length }
    return { status: 200, message: 'User retrieved successfully', data }
  })

  const change = {
    ...adminSchema('updateUser', 'Change role, claims, name or state', {
      needed: 'write',
      data: AdminUserData,
    }),
    ...one,
    body: ChangeUserBody,
  }
  app.patch('/users/:id', { schema: change, onRequest: onWrite }, async (request) => {
    throwRefusal(await users.change(toId(request.params), request.body, actorOf(request)))
    const data = await findUser(toId(request.params))
    return { status: 200, message: 'User changed successfully', data }
  })

  const erase = {
    ...adminSchema('deleteUser', 'Erase the personal data of a user and end all sessions', {
      needed: 'write',
      data: NothingData,
    }),
    ...one,
  }
  app.delete('/users/:id', { schema: erase, onRequest: onWrite }, async (request) => {
    throwRefusal(await users.erase(toId(request.params), actorOf(request)))
    return nothing('User erased successfully')
  })

  /** Without the sessions: a change must not fail after its commit because of token-store. */
  async function findUser(id: string): Promise<AdminUserData> {
    const user = await users.find(id)
    if (user === undefined) throw new CodedError('not_found')
    return toUserData(user)
  }
}

function toUserData(user: UserRecord): AdminUserData {
  const { id, username, externalId, role, claims, active, hasPassword } = user
  return {
    id,
    username,
    ...(externalId === undefined ? {} : { external_id: externalId }),
    role,
    claims,
    active,
    has_password: hasPassword,
    created_at: toUtc(user.createdAtMs),
    ...(user.lastSignInAtMs === undefined ? {} : { last_sign_in_at: toUtc(user.lastSignInAtMs) }),
  }
}
