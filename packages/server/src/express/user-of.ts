import type { User } from '../core/user.ts'

declare global {
  // The namespace in which Express lets others declare members of its request.
  namespace Express {
    interface Request {
      /**
       * The signed-in user; null for an anonymous request behind `auth.optional`, and absent where
       * `auth` has not accepted the request.
       */
      user?: User | null | undefined
    }
  }
}

const users = new WeakMap<object, User>()

export const rememberUser = (request: object, user: User): void => void users.set(request, user)

/**
 * The user that `auth` has accepted for this request, independent of what another middleware writes
 * to `request.user`; null if it has not accepted one.
 */
export const userOf = (request: object): User | null => users.get(request) ?? null
