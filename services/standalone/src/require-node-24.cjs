// Runs first, in whatever Node is installed: an older one could not parse the sources.
const major = Number(process.versions.node.split('.')[0])

if (major < 24) {
  console.error(
    `Auto Refresh Token needs Node 24, and this is Node ${process.versions.node}. ` +
      '`npm install` installs Node 24 by an install script: run it without --ignore-scripts ' +
      '(npm 12 also needs the package `node` in allowScripts), or install Node 24 yourself.',
  )
  process.exit(1)
}
