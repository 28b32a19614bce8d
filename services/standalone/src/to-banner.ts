import { DEMO_PASSWORD } from '@auto-refresh/auth-api'

export type DemoUser =
  'default password' | 'given password' | 'own password' | 'refused password' | 'disabled' | 'none'

/**
 * The text of `npm start` when it is ready. The only password it contains is the known one of the
 * demo user.
 */
export function toBanner({
  version,
  url,
  adminUrl,
  data,
  demoUser,
  playground,
}: {
  version: string
  url: string
  adminUrl: string
  data: string
  demoUser: DemoUser
  playground: boolean
}): string {
  const lines = [
    ...(playground ? [['Try it', `${url}/`]] : []),
    ['API', url],
    ['Docs', `${url}/docs`],
    ['Metrics', `${adminUrl}/metrics`],
    ['Sign in', SIGN_IN[demoUser]],
    ['Data', data],
    ['Stop', 'Ctrl-C'],
  ]
  const list = lines.map(([name = '', value = '']) => `    ${name.padEnd(9)}${value}`).join('\n')
  return `\n  Auto Refresh Token ${version} is ready\n\n${list}\n`
}

const SIGN_IN = {
  'default password':
    `admin / ${DEMO_PASSWORD}   (demo user for this machine: behind a proxy or tunnel, ` +
    'set DEMO_USER_PASSWORD or NODE_ENV=production)',
  'given password': 'admin / the DEMO_USER_PASSWORD',
  'own password': 'admin / the password that was set last',
  'refused password': 'admin: the known demo password is refused here, set DEMO_USER_PASSWORD',
  disabled: 'admin is disabled: run `npm run user -- enable admin`',
  none:
    'no demo user here: set DEMO_USER_PASSWORD, ' +
    'or run `npm run user -- add <name> --password-stdin` with the same DATA_DIR',
} satisfies Record<DemoUser, string>
