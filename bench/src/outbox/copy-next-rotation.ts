import type { Client } from 'pg'

const ROWS_A_STATEMENT = 50_000

/**
 * Keeps a copy of the next event of a rotation. Returns a function that adds such events to the
 * outbox in one transaction, with distinct ids and sessions; it needs one rotation before.
 */
export async function copyNextRotation(client: Client) {
  await client.query(
    `create table public.bench_event (like token_store.outbox);
     create function public.bench_keep() returns trigger language plpgsql security definer as $$
     begin
       insert into public.bench_event
       select (new).* where not exists (select from public.bench_event);
       return null;
     end $$;
     create trigger bench_keep after insert on token_store.outbox
       for each row when (new.type like 'session.rotated.%') execute function public.bench_keep()`,
  )
  return async function fillOutbox(events: number): Promise<void> {
    await client.query('drop trigger bench_keep on token_store.outbox')
    await client.query('begin')
    const { rows } = await client.query<{ name: string }>(
      `select attname as name from pg_attribute
       where attrelid = 'token_store.outbox'::regclass and attnum > 0 and not attisdropped
         and attname not in ('lane', 'id', 'event_id', 'session_id', 'body')`,
    )
    const same = rows.map(({ name }) => name).join(', ')
    for (let done = 0; done < events; done += ROWS_A_STATEMENT) {
      const { rowCount } = await client.query(
        `insert into token_store.outbox (lane, session_id, body, ${same})
         select token_store.lane_of(g.id), g.id,
           jsonb_set(e.body, '{session_id}', to_jsonb(g.id::text)), ${same}
         from (select gen_random_uuid() as id from generate_series(1, $1::int)) g,
           public.bench_event e`,
        [Math.min(ROWS_A_STATEMENT, events - done)],
      )
      if (rowCount === 0) throw new Error('No event of a rotation was copied')
    }
    await client.query('commit')
  }
}
