import type { Redis } from '@auto-refresh/service-kit/redis'
import type { Detection } from '../../domain/decide-detection.ts'
import { MAX_AGE_MS, type Watched } from '../../domain/observation.ts'
import { entriesToKeep } from '../../domain/window.ts'
import type { Counted, Windows } from '../../ports.ts'

/**
 * Does the same as `addToWindow`. KEYS: the window, the unpublished detection of this event. ARGV:
 * time, member, length in ms, entries to keep. Every key expires.
 */
const ADD = `
local key, at, member, length, keep = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local changed = redis.call('zadd', key, 'gt', 'ch', at, member)
local last = tonumber(redis.call('zrange', key, -1, -1, 'withscores')[2])
redis.call('zremrangebyscore', key, '-inf', string.format('%.0f', last - length))
redis.call('zremrangebyrank', key, 0, -1 - keep)
redis.call('pexpire', key, length)
if changed == 1 and not redis.call('zscore', key, member) then changed = 0 end
return { changed, redis.call('zrange', key, 0, -1, 'withscores'), redis.call('get', KEYS[2]) }
`
/**
 * KEYS: the claim, the unpublished detection. ARGV: length in ms, the detection, its lifetime in ms.
 * One script, because a crash between the two commands would lose the detection.
 */
const CLAIM = `
if not redis.call('set', KEYS[1], '1', 'nx', 'px', ARGV[1]) then return 0 end
redis.call('set', KEYS[2], ARGV[2], 'px', ARGV[3])
return 1
`

/**
 * The windows of all replicas, with atomic operations. Keys and members contain ids, hashes of
 * names, networks and agents from the events. Throws if Redis is unavailable.
 */
export function createRedisWindows({ client }: { client: Redis }): Windows {
  return {
    add: (observations) => Promise.all(observations.map(add)),
    async claim(observation, detection) {
      const answer = await client.eval(
        CLAIM,
        2,
        toKey('told', observation),
        toUnpublishedKey(observation),
        lengthOf(observation),
        JSON.stringify(detection),
        MAX_AGE_MS,
      )
      return answer === 1
    },
    async published(observation) {
      await Promise.all([
        client.set(toKey('told', observation), '1', 'PX', lengthOf(observation)),
        client.del(toUnpublishedKey(observation)),
      ])
    },
  }

  async function add(observation: Watched): Promise<Counted> {
    const { atMs, member, threshold } = observation
    const answer = await client.eval(
      ADD,
      2,
      toKey('seen', observation),
      toUnpublishedKey(observation),
      atMs,
      member,
      lengthOf(observation),
      entriesToKeep(threshold),
    )
    const [changed, flat, unpublished] = answer as [number, string[], string | null]
    const window = flat.flatMap((name, i) =>
      i % 2 === 0 ? [{ member: name, atMs: Number(flat[i + 1]) }] : [],
    )
    return {
      window,
      isNew: changed === 1,
      unpublished: unpublished === null ? undefined : (JSON.parse(unpublished) as Detection),
    }
  }
}

/** Replicas of other releases use the same keys: never rename them. */
const toKey = (kind: 'seen' | 'told' | 'untold', { pattern, subject }: Watched) =>
  `auth:threat:${kind}:${pattern}:${subject}`
const toUnpublishedKey = (observation: Watched) =>
  `${toKey('untold', observation)}:${observation.eventId}`
const lengthOf = ({ threshold }: Watched) => threshold.seconds * 1000
