/**
 * For commands that take no words: `--help`, like any other, says what the command would have done,
 * and does nothing.
 */
export function refuseArguments(usage: string, allowed: readonly string[] = []): void {
  const others = process.argv.slice(2).filter((word) => !allowed.includes(word))
  if (others.length === 0) return
  process.stderr.write(`${usage}\n`)
  process.exit(others.every((word) => word === '--help' || word === '-h') ? 0 : 2)
}
