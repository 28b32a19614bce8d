import type { IdParams } from '@auto-refresh/contracts'
import type { Static } from 'typebox'

/**
 * Returns an id in lower case, as the database writes it: so administrators are recognized who write
 * their own id in another case.
 */
export const toId = ({ id }: Static<typeof IdParams>): string => id.toLowerCase()
