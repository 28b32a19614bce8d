/**
 * A bug that is seeded by replacing `find` with `replace` in `file`; the named test of the
 * workspace must then fail.
 */
export type KnownBug = Readonly<{
  name: string
  file: string
  find: string
  replace: string
  workspace: string
  project: 'unit' | 'int'
  test: string
}>
