import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How to start Postgres without root's rights, and the owner that its files need. */
export type Launcher = Readonly<{
  owner: Readonly<{ uid: number; gid: number }>
  /** goes before the command */
  prefix: readonly string[]
  /** for `spawn`, if the prefix does not change the user */
  identity: { uid: number; gid: number } | undefined
}>

type Owner = Launcher['owner']

/**
 * Chooses how to start Postgres, which refuses to run as root. As root it tries, in this order:
 *
 * 1. a user namespace in which root has another number; files stay root's,
 * 2. another user with the capability to traverse root's folders, because most containers forbid
 *    namespaces,
 * 3. that user without the capability.
 *
 * Files that already belong to another user keep their owner. Throws if no way can reach the paths
 * `mustReach`.
 */
export async function chooseLauncher({
  fileOwner,
  mustReach,
}: {
  fileOwner: number | undefined
  mustReach: readonly string[]
}): Promise<Launcher> {
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const failures: string[] = []
  for (const launcher of toCandidates(self, fileOwner ?? self.uid, await pickUser())) {
    const failure = await tryToReach(launcher, mustReach)
    if (failure === undefined) return launcher
    failures.push(failure)
  }
  throw new Error(
    'Postgres cannot run as root, and no other user is usable: start as an ordinary user, ' +
      `or set DATABASE_URL (${failures.join('; ')})`,
  )
}

function toCandidates(self: Owner, fileOwner: number, user: number): Launcher[] {
  const inNamespace = {
    owner: self,
    prefix: ['unshare', '--user', `--map-user=${user}`, `--map-group=${user}`],
    identity: undefined,
  }
  if (self.uid !== 0) {
    const plain = { owner: self, prefix: [], identity: undefined }
    return hasName() ? [plain] : [inNamespace, plain]
  }
  const uid = fileOwner === 0 ? user : fileOwner
  const other = { uid, gid: uid }
  const keepingPassage = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${uid}`,
    '--clear-groups',
    // access(2), by which Postgres finds its own programs, would ignore the capability otherwise.
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ]
  const foreign = [
    { owner: other, prefix: keepingPassage, identity: undefined },
    { owner: other, prefix: [], identity: other },
  ]
  return fileOwner === 0 ? [inNamespace, ...foreign] : foreign
}

/** initdb requires a user with a name. */
async function pickUser(): Promise<number> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const ids = passwd
    .split('\n')
    .map((line) => Number(line.split(':')[2]))
    .filter((id) => id > 0)
  return [1000, 65_534].find((id) => ids.includes(id)) ?? ids[0] ?? 1000
}

/** False if a container runs as a user without a name. */
function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

async function tryToReach(
  { prefix, identity }: Launcher,
  paths: readonly string[],
): Promise<string | undefined> {
  const command = [
    ...prefix,
    'sh',
    '-c',
    'for path; do test -x "$path" || { echo "cannot reach $path" >&2; exit 1; }; done',
    'sh',
    ...paths,
  ]
  const [file = 'sh', ...args] = command
  try {
    await run(file, args, { ...identity, cwd: '/' })
    return undefined
  } catch (error) {
    const said =
      error instanceof Error && 'stderr' in error && typeof error.stderr === 'string'
        ? error.stderr.trim()
        : ''
    return (said || String(error)).split('\n', 1)[0]
  }
}
