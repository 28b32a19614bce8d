import { toPair, type Caller, type Pair } from './create-caller.ts'
import { retryWhileBusy } from './retry-while-busy.ts'

/** Signs in, and retries while the system is busy. Throws what to do if the sign-in is rejected. */
export async function signIn(
  caller: Caller,
  {
    username,
    password,
    wait,
  }: { username: string; password: string; wait(seconds: number): Promise<void> },
): Promise<Pair> {
  const answer = await retryWhileBusy(wait, () => caller.signIn(username, password))
  if (answer.status === 401)
    throw new Error(
      `${username} cannot sign in: ${answer.code ?? 'refused'}. ` +
        'Set a user with --username and the password with --password-stdin',
    )
  return toPair(answer)
}
