import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { findMissingEngines } from '../../packages/local-engines/src/missing-engines.ts'

/** `npm test`: every test that this machine can run, then the ones it could not, each with the reason. */
const root = resolve(import.meta.dirname, '../..')
const { status } = spawnSync('turbo', ['run', 'test', 'test:int', 'test:e2e', '--concurrency=2', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
for (const { engine, why } of findMissingEngines(process.env)) {
  console.log(`\nNot run, because there is ${why}`)
  for (const file of globSync([`{packages,services}/*/src/**/*.${engine}.*.test.ts`, `{e2e,monitoring}/src/*.${engine}.*.test.ts`], { cwd: root })) console.log(`  ${file}`)
}
process.exitCode = status ?? 1
