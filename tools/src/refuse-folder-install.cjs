// Ends the installation of a workspace's folder into another project: it holds TypeScript sources,
// which only this repository can use. It runs before the installation, on any Node.
const { basename, resolve } = require('node:path')

const project = resolve(process.env.npm_config_local_prefix ?? process.cwd())
if (project !== resolve(__dirname, '../..')) {
  const name = basename(process.cwd())
  console.error(
    'This folder holds sources. In the repository, run `npm run release`, then install ' +
      `release/auto-refresh-${name}-*.tgz here.`,
  )
  process.exitCode = 1
}
