import type { Redis } from '@auto-refresh/redis'
import type { Watched } from '../../domain/observation.ts'
import { entriesToKeep } from '../../domain/window.ts'
import type { Counted, Windows } from '../../ports.ts'

/** As `addToWindow`. KEYS: the window. ARGV: time, member, length in ms, entries to keep. Every key has an end. */
const ADD = `
local key, at, member, length, keep = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local changed = redis.call('zadd', key, 'gt', 'ch', at, member)
local last = tonumber(redis.call('zrange', key, -1, -1, 'withscores')[2])
redis.call('zremrangebyscore', key, '-inf', string.format('%.0f', last - length))
redis.call('zremrangebyrank', key, 0, -1 - keep)
redis.call('pexpire', key, length)
if changed == 1 and not redis.call('zscore', key, member) then changed = 0 end
return { changed, redis.call('zrange', key, 0, -1, 'withscores') }
`
/** KEYS: the claim. ARGV: event, whether it is new, length in ms. */
const CLAIM = `
local held = redis.call('get', KEYS[1])
if held then return held == ARGV[1] and 'mine' or 'others' end
if ARGV[2] == '0' then return 'nobodys' end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[3])
return 'mine'
`
const TOLD = 'told'

/** The windows of all replicas, each step atomic. Keys and members are ids, hashes of names and networks. Throws when Redis does not answer. */
export function createRedisWindows({ client }: { client: Redis }): Windows {
  return {
    add: (observations) => Promise.all(observations.map(add)),
    async claim(observation, isNew) {
      const claim = await client.eval(CLAIM, 1, toKey('told', observation), observation.eventId, isNew ? '1' : '0', lengthOf(observation))
      return claim === 'mine' || claim === 'others' ? claim : 'nobodys'
    },
    async told(observation) {
      await client.set(toKey('told', observation), TOLD, 'KEEPTTL', 'XX')
    },
  }

  async function add(observation: Watched): Promise<Counted> {
    const { atMs, member, threshold } = observation
    const answer = await client.eval(ADD, 1, toKey('seen', observation), atMs, member, lengthOf(observation), entriesToKeep(threshold))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the script returns
    const [changed, flat] = answer as [number, string[]]
    const window = flat.flatMap((name, i) => (i % 2 === 0 ? [{ member: name, atMs: Number(flat[i + 1]) }] : []))
    return { window, isNew: changed === 1 }
  }
}

const toKey = (kind: 'seen' | 'told', { pattern, subject }: Watched) => `auth:threat:${kind}:${pattern}:${subject}`
const lengthOf = ({ threshold }: Watched) => threshold.seconds * 1000
