// Runs before anything else, in the Node that is there: an older one could not even read the files.
const major = Number(process.versions.node.split('.')[0])

if (major < 24) {
  console.error(
    `Auto Refresh Token needs Node 24, and this is Node ${process.versions.node}. \`npm install\` brings Node 24 along, in an install script:` +
      ' run it without --ignore-scripts (npm 12 also wants the package `node` in allowScripts), or use a Node 24 of your own.',
  )
  process.exit(1)
}
