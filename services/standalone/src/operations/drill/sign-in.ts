import { toPair, type Caller, type Pair } from './create-caller.ts'
import { patiently } from './patiently.ts'

/** Signs in, as soon as the system lets us; throws what to do where it refuses. */
export async function signIn(
  caller: Caller,
  {
    username,
    password,
    wait,
  }: { username: string; password: string; wait(seconds: number): Promise<void> },
): Promise<Pair> {
  const answer = await patiently(wait, () => caller.signIn(username, password))
  if (answer.status === 401)
    throw new Error(
      `${username} cannot sign in: ${answer.code ?? 'refused'}. Name a user with --username, and give the password with --password-stdin`,
    )
  return toPair(answer)
}
