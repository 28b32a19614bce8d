// Not `User`: that would be `Express.User` below where passport declares it.
import type { User as SignedInUser } from '../core/user.ts'

declare global {
  // The namespace in which Express lets others declare members of its request.
  namespace Express {
    interface Request {
      /**
       * The signed-in user; null for an anonymous request behind `auth.optional`, and absent where
       * `auth` has not accepted the request.
       */
      user?: SignedInUser | null | undefined
    }
  }
}

const users = new WeakMap<object, SignedInUser>()

export const rememberUser = (request: object, user: SignedInUser): void =>
  void users.set(request, user)

/**
 * The user that `auth` has accepted for this request, independent of what another middleware writes
 * to `request.user`; null if it has not accepted one.
 */
export const userOf = (request: object): SignedInUser | null => users.get(request) ?? null
