import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How Postgres is started without root's rights, and whom its files must belong to. */
export type Launcher = Readonly<{
  owner: Readonly<{ uid: number; gid: number }>
  /** goes before the command */
  prefix: readonly string[]
  /** for `spawn`, where the prefix does not change the user */
  identity: { uid: number; gid: number } | undefined
}>

type Owner = Launcher['owner']

/**
 * Postgres refuses to run as root, so root starts it: in a user namespace in which root has another
 * number (files stay root's, nobody else is let in); where that is not allowed, as in most
 * containers, under another user who keeps the right to pass through folders of root's; at last
 * under the bare user. Files that belong to somebody else already are left to him. `mustReach` are
 * the paths Postgres needs.
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
    `Postgres finds no unprivileged user to run as: start as an ordinary user, or set DATABASE_URL (${failures.join('; ')})`,
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
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ]
  const foreign = [
    { owner: other, prefix: keepingPassage, identity: undefined },
    { owner: other, prefix: [], identity: other },
  ]
  return fileOwner === 0 ? [inNamespace, ...foreign] : foreign
}

/** initdb wants a user with a name. */
async function pickUser(): Promise<number> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const ids = passwd
    .split('\n')
    .map((line) => Number(line.split(':')[2]))
    .filter((id) => id > 0)
  return [1000, 65_534].find((id) => ids.includes(id)) ?? ids[0] ?? 1000
}

/** False where a container runs under a bare number. */
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
