// A peer of the webhook function, for measurements only: what a careful Node handler with the same promise costs. Node 20.15
// or newer.
//
// The promise: the signature is checked over the raw bytes with the store's own sealed secret; a 2xx means that the number
// stands in the table, due at once; a repeat writes nothing; an older version changes nothing; a number that the store
// replaced is closed; two deliveries at once lose nothing. Same table, same rows, same keys, same calls: one query, and one
// conditional write a number. Left out, to the peer's advantage: other platforms, what a person set for a store, junk in
// number fields, the search of an id in free text, cancellations, the hourly note of what an address has heard.
import { createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Refused } from './aws.mjs';

const RACES = 6;
const SHARDS = 64;
/** Webhook addresses and stores are remembered this long, in milliseconds. */
const REMEMBERED = 60_000;
/** What is kept of one order at most. */
const MOST_PARCELS = 50;

/** What TikTok took is not sent again because the store says it again. */
const DONE = new Set(['ACCEPTED', 'ACCEPTED_WITH_WARNING', 'AWAITING_SCAN', 'IN_TRANSIT', 'DELIVERED', 'LOST', 'DELAYED']);

const clean = (text) => text.replaceAll('%', '%25').replaceAll('#', '%23');
const text = (value) => ({ S: String(value) });
const number = (value) => ({ N: String(value) });
const reply = (statusCode, body = '') => ({
  statusCode,
  headers: body ? { 'content-type': 'application/json' } : {},
  body,
  isBase64Encoded: false,
});
const error = (status, code, message) => reply(status, JSON.stringify({ error: code, message }));

/** Each part with its length before it. */
function joined(parts) {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(bytes.length));
      return [length, bytes];
    }),
  );
}

/** Opens what stands sealed in a webhook address's row. */
export function open(ring, sealed, { tenant, table, pk, sk }) {
  const bytes = Buffer.from(sealed, 'base64url');
  const id = bytes.readUInt32BE(1);
  const listed = ring.keys?.[id];
  const generated = id === 1 && ring.generated ? createHash('sha256').update(ring.generated).digest() : undefined;
  const key = listed ? Buffer.from(listed, 'base64') : generated;
  if (bytes[0] !== 1 || !key) throw new Error('the secrets of this address do not open');
  const made = hkdfSync('sha256', key, 'waybill seal 1', joined(['hook-secrets', tenant]), 32);
  const version = Buffer.alloc(8);
  version.writeBigUInt64BE(1n);
  const cipher = createDecipheriv('aes-256-gcm', Buffer.from(made), bytes.subarray(5, 17));
  cipher.setAAD(joined([bytes.subarray(0, 1), table, pk, sk, 'secrets', bytes.subarray(1, 5), version]));
  cipher.setAuthTag(bytes.subarray(-16));
  return JSON.parse(Buffer.concat([cipher.update(bytes.subarray(17, -16)), cipher.final()]).toString());
}

function isSigned(secrets, body, given) {
  const tag = Buffer.from(given ?? '', 'base64');
  const known = [secrets.current, secrets.previous].filter(Boolean);
  // Every secret is tried, whatever the first one says: the time tells nothing.
  return known
    .map((secret) => createHmac('sha256', secret).update(body).digest())
    .map((good) => good.length === tag.length && timingSafeEqual(good, tag))
    .some(Boolean);
}

/** What a Shopify order says: its numbers, and which TikTok order it is. */
function read(body, seen) {
  const order = JSON.parse(body.toString());
  if (order.id === undefined) throw new SyntaxError('the order has no id');
  const ids = (order.note_attributes ?? [])
    .filter((entry) => /tiktok.*order|order.*tiktok/i.test(entry.name ?? ''))
    .map((entry) => String(entry.value ?? '').trim())
    .filter((value) => /^\d{17,19}$/.test(value));
  const link = [...new Set(ids)];
  const parcels = new Map();
  for (const shipment of order.fulfillments ?? []) {
    const changed = Date.parse(shipment.updated_at);
    const version = { changed: Math.min(Number.isNaN(changed) ? seen : changed, seen), seen };
    const numbers = [...new Set([...(shipment.tracking_numbers ?? []), shipment.tracking_number].filter(Boolean))];
    const lines = (shipment.line_items ?? [])
      .filter((line) => line.quantity > 0)
      .map((line) => ({ sku: line.sku ?? '', quantity: line.quantity }));
    for (const one of numbers.slice(0, MOST_PARCELS)) {
      const key = one.replace(/\s/g, '').toUpperCase();
      const known = parcels.get(key) ?? { number: one.trim(), carrier: shipment.tracking_company, sources: [] };
      const source = { s: String(shipment.id), v: version, p: shipment.status === 'success' };
      if (numbers.length > 1) source.n = numbers.length;
      if (lines.length > 0) source.l = lines;
      known.sources.push(source);
      parcels.set(key, known);
    }
  }
  const listed = new Map((order.fulfillments ?? []).map((shipment) => [String(shipment.id), shipment]));
  return { order: String(order.id), name: order.name, link, parcels, listed, seen };
}

const newer = (ours, theirs) =>
  ours.changed > theirs.changed || (ours.changed === theirs.changed && ours.seen > theirs.seen);

/** A known row with what is known of its shipments now: closed, left as TikTok took it, or to be looked at again. */
function settled(item, sources, due, now) {
  const { due: _due, due_pk: _pk, due_sk: _sk, ttl, ...rest } = item;
  const row = { ...rest, rev: number(Number(item.rev.N) + 1), sources: text(JSON.stringify(sources)), changed: number(now) };
  if (sources.every((source) => !source.p)) {
    return { ...row, state: text('SUPERSEDED'), ttl: number(Math.floor(now / 1000) + 90 * 86_400) };
  }
  if (DONE.has(item.state.S)) return ttl ? { ...row, ttl } : row;
  const { list_pk: _list, list_sk: _at, listed: _listed, ...free } = row;
  return { ...free, state: text('RECEIVED'), ...due };
}

/** The rows that change, new ones first. */
export function absorb(known, news, store, now) {
  const rows = new Map(known.map((item) => [item.sk.S, item]));
  const shop = store.shops[0];
  const due = {
    due: number(now),
    due_pk: text(`PUSH#${(crc32(shop) % SHARDS).toString(16).padStart(2, '0')}`),
    due_sk: text(`${String(now).padStart(13, '0')}#${shop}`),
  };
  const place = `ORDER#${clean(news.order)}#PARCEL#`;
  const [fresh, changed] = [[], []];
  for (const [key, parcel] of news.parcels) {
    const item = rows.get(place + clean(key));
    if (!item) {
      if (!parcel.sources.some((source) => source.p)) continue;
      const made = {
        pk: text(`STORE#${clean(store.id)}`), sk: text(place + clean(key)), kind: text('parcel'), rev: number(1),
        order: text(news.order), store: text(store.id), shop: text(shop), state: text('RECEIVED'),
        number: text(parcel.number), received: number(now), changed: number(now), sources: text(JSON.stringify(parcel.sources)),
        ...due,
      };
      if (news.name) made.name = text(news.name);
      if (parcel.carrier) made.carrier = text(parcel.carrier);
      if (news.link.length === 1) made.tiktok = text(news.link[0]);
      else made.link = text(JSON.stringify(news.link.length === 0 ? 'not_found' : { ambiguous: news.link }));
      fresh.push(made);
      continue;
    }
    const sources = JSON.parse(item.sources.S);
    let moved = false;
    for (const source of parcel.sources) {
      const at = sources.findIndex((one) => one.s === source.s);
      if (at >= 0 && source.v.changed <= sources[at].v.changed) continue;
      moved = true;
      if (at >= 0) sources[at] = source;
      else sources.push(source);
    }
    if (moved) changed.push(settled(item, sources, due, now));
  }
  for (const item of known) {
    if (!item.sk.S.startsWith(place) || news.parcels.has(item.sk.S.slice(place.length))) continue;
    const sources = JSON.parse(item.sources.S);
    let moved = false;
    for (const source of sources) {
      const shipment = news.listed.get(source.s);
      const version = shipment && { changed: Math.min(Date.parse(shipment.updated_at), news.seen), seen: news.seen };
      if (!version || !source.p || !newer(version, source.v) || version.changed === source.v.changed) continue;
      moved = true;
      Object.assign(source, { p: false, v: version });
    }
    if (moved) changed.push(settled(item, sources, due, now));
  }
  return [...fresh, ...changed];
}

/** Answers deliveries. `table` and `secrets` call AWS, `name` is the table's, `ring` the secret with the keys. */
export function receiver({ table, secrets, name, ring, now }) {
  const known = new Map();
  let keys;

  async function remembered(key, load) {
    const found = known.get(key);
    if (found && found.until > now()) return found.value;
    const value = await load();
    if (value !== undefined) known.set(key, { value, until: now() + REMEMBERED });
    return value;
  }

  async function row(pk, sk) {
    const { Item } = await table('GetItem', { TableName: name, Key: { pk: text(pk), sk: text(sk) } });
    return Item && JSON.parse(Item.body.S);
  }

  async function address(id) {
    return remembered(`hook ${id}`, async () => {
      const hook = await row(`HOOK#${id}`, 'HOOK');
      if (!hook) return undefined;
      keys ??= JSON.parse((await secrets('GetSecretValue', { SecretId: ring })).SecretString);
      const place = { tenant: hook.account, table: name, pk: `HOOK#${id}`, sk: 'HOOK' };
      return { store: hook.store, secrets: open(keys, hook.secrets, place) };
    });
  }

  async function keep(store, news) {
    for (let race = 0; race < RACES; race += 1) {
      const items = [];
      let from;
      do {
        const page = await table('Query', {
          TableName: name, ConsistentRead: race > 0, ExclusiveStartKey: from,
          KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)',
          ExpressionAttributeValues: { ':p': text(`STORE#${clean(store.id)}`), ':s': text(`ORDER#${clean(news.order)}#`) },
        });
        items.push(...page.Items);
        from = page.LastEvaluatedKey;
      } while (from);
      try {
        for (const Item of absorb(items, news, store, now())) {
          const before = Number(Item.rev.N) - 1;
          const condition = before === 0
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : { ConditionExpression: 'rev = :r', ExpressionAttributeValues: { ':r': number(before) } };
          await table('PutItem', { TableName: name, Item, ...condition });
        }
        return;
      } catch (fault) {
        if (!(fault instanceof Refused) || fault.type !== 'ConditionalCheckFailedException') throw fault;
      }
    }
    throw new Error('somebody else writes the same order');
  }

  return async function receive(event) {
    const path = /^\/hooks\/shopify\/([a-z0-9]+)$/.exec(event.rawPath ?? '');
    if (!path || event.requestContext?.http?.method !== 'POST') return error(404, 'not_found', 'There is nothing at this address.');
    try {
      const hook = await address(path[1]);
      if (!hook) return reply(200);
      const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
      if (!isSigned(hook.secrets, body, event.headers['x-shopify-hmac-sha256'])) {
        return error(401, 'signature', 'The signature is missing or wrong.');
      }
      const store = await remembered(`store ${hook.store}`, () => row(`STORE#${clean(hook.store)}`, 'CONNECTION'));
      if (!store) return reply(200);
      if (!/^orders\/(partially_)?fulfilled$/.test(event.headers['x-shopify-topic'] ?? '')) return reply(200);
      let news;
      try {
        const sent = Date.parse(event.headers['x-shopify-triggered-at']);
        news = read(body, Math.min(Number.isNaN(sent) ? now() : sent, now()));
      } catch {
        return reply(200);
      }
      await keep(store, news);
      return reply(200);
    } catch {
      // Nothing is said of the fault: it may name a row.
      return error(503, 'try_later', 'Nothing is stored: send it again.');
    }
  };
}
