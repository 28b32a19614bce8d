import { startOwnRedis } from '../without-docker/start-own-redis.ts'

/** A process that owns a Redis until it is killed: `node hold-redis.ts` prints its URL. */
const redis = await startOwnRedis()
console.log(redis.url)
setInterval(() => {}, 60_000)
