// `node --test tests/peer`: what the peer promises, so that its numbers are those of a handler that does the work.
import assert from 'node:assert/strict';
import { createCipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import test from 'node:test';
import { Refused } from './aws.mjs';
import { open, receiver } from './handler.mjs';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const SECRET = 'shpss_a-secret-of-this-store';
const RING = { current: 1, keys: {}, generated: 'b'.repeat(48) };
const PLACE = { tenant: 'a1', table: 'waybill', pk: 'HOOK#abc234', sk: 'HOOK' };

const joined = (parts) =>
  Buffer.concat(parts.flatMap((part) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(Buffer.from(part).length));
    return [length, Buffer.from(part)];
  }));

function sealed() {
  const ring = createHash('sha256').update(RING.generated).digest();
  const key = hkdfSync('sha256', ring, 'waybill seal 1', joined(['hook-secrets', PLACE.tenant]), 32);
  const [id, version, nonce] = [Buffer.from([0, 0, 0, 1]), Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]), Buffer.alloc(12, 7)];
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key), nonce);
  cipher.setAAD(joined([[1], PLACE.table, PLACE.pk, PLACE.sk, 'secrets', id, version]));
  const body = [cipher.update(JSON.stringify({ current: SECRET })), cipher.final()];
  return Buffer.concat([Buffer.from([1]), id, nonce, ...body, cipher.getAuthTag()]).toString('base64url');
}

/** A table that knows conditions, and counts. `race`: called before each write. */
function town(race = () => {}) {
  const rows = new Map();
  const put = (item) => rows.set(`${item.pk.S} ${item.sk.S}`, item);
  const body = (pk, sk, value) => put({ pk: { S: pk }, sk: { S: sk }, body: { S: JSON.stringify(value) } });
  body(PLACE.pk, PLACE.sk, { store: 's1', account: 'a1', secrets: sealed() });
  body('STORE#s1', 'CONNECTION', { id: 's1', shops: ['7494049642642441621'] });
  const calls = { GetItem: 0, Query: 0, PutItem: 0 };
  let fault;
  async function table(operation, input) {
    calls[operation] += 1;
    if (fault) throw fault;
    if (operation === 'GetItem') return { Item: rows.get(`${input.Key.pk.S} ${input.Key.sk.S}`) };
    if (operation === 'Query') {
      const { ':p': pk, ':s': prefix } = input.ExpressionAttributeValues;
      return { Items: [...rows.values()].filter((row) => row.pk.S === pk.S && row.sk.S.startsWith(prefix.S)) };
    }
    race(rows, put);
    const known = rows.get(`${input.Item.pk.S} ${input.Item.sk.S}`);
    const wanted = input.ExpressionAttributeValues?.[':r'].N;
    if (wanted ? known?.rev.N !== wanted : known) throw new Refused('ConditionalCheckFailedException', 400);
    put(input.Item);
    return {};
  }
  const secrets = async () => ({ SecretString: JSON.stringify(RING) });
  const receive = receiver({ table, secrets, name: 'waybill', ring: 'waybill/kek/hook', now: () => NOW });
  const parcels = () => [...rows.values()].filter((row) => row.kind);
  return { receive, parcels, calls, put, break: (with_) => { fault = with_; } };
}

function delivery(numbers, { at = '2026-11-21T09:00:00Z', secret = SECRET } = {}) {
  const order = {
    id: 1042, name: '#1042', note_attributes: [{ name: 'TikTok Order ID', value: '576000000000000017' }],
    fulfillments: [{
      id: 1, status: 'success', updated_at: at, tracking_company: 'USPS', tracking_numbers: numbers,
      line_items: [{ sku: 'MUG-BLUE', quantity: 2 }],
    }],
  };
  const body = JSON.stringify(order);
  return {
    rawPath: '/hooks/shopify/abc234', requestContext: { http: { method: 'POST' } }, isBase64Encoded: true,
    body: Buffer.from(body).toString('base64'),
    headers: {
      'x-shopify-topic': 'orders/fulfilled', 'x-shopify-triggered-at': at,
      'x-shopify-hmac-sha256': createHmac('sha256', secret).update(body).digest('base64'),
    },
  };
}

test('a number stands in the table, due at once in its shard, before the sender hears that it was taken', async () => {
  const { receive, parcels } = town();
  assert.equal((await receive(delivery(['9310 2158']))).statusCode, 200);
  const [row] = parcels();
  assert.equal(row.sk.S, 'ORDER#1042#PARCEL#93102158');
  assert.equal(row.due_pk.S, 'PUSH#18');
  assert.equal(row.due.N, String(NOW));
  assert.equal(row.tiktok.S, '576000000000000017');
});

test('a repeat costs one query and writes nothing', async () => {
  const { receive, calls } = town();
  await receive(delivery(['A1']));
  const before = { ...calls };
  assert.equal((await receive(delivery(['A1']))).statusCode, 200);
  assert.deepEqual(calls, { ...before, Query: before.Query + 1 });
});

test('nothing is stored of what the store did not sign', async () => {
  const { receive, parcels } = town();
  assert.equal((await receive(delivery(['A1'], { secret: 'another' }))).statusCode, 401);
  assert.equal(parcels().length, 0);
});

test('a newer number replaces the older one, and an older message changes nothing', async () => {
  const { receive, parcels } = town();
  await receive(delivery(['A1']));
  await receive(delivery(['B2'], { at: '2026-11-21T09:30:00Z' }));
  await receive(delivery(['A1'], { at: '2026-11-21T09:10:00Z' }));
  const states = Object.fromEntries(parcels().map((row) => [row.number.S, row.state.S]));
  assert.deepEqual(states, { A1: 'SUPERSEDED', B2: 'RECEIVED' });
  assert.equal(parcels().find((row) => row.number.S === 'A1').due_pk, undefined);
});

test('what TikTok took is not sent again because the store says it again', async () => {
  const { receive, parcels, put } = town();
  await receive(delivery(['A1']));
  const { due: _, due_pk: __, due_sk: ___, ...row } = parcels()[0];
  put({ ...row, state: { S: 'ACCEPTED' } });
  await receive(delivery(['A1'], { at: '2026-11-21T09:30:00Z' }));
  assert.equal(parcels()[0].state.S, 'ACCEPTED');
  assert.equal(parcels()[0].due_pk, undefined);
});

test('of two deliveries at once none is lost', async () => {
  let raced = false;
  const other = town((rows, put) => {
    const row = [...rows.values()].find((one) => one.kind);
    if (!row || raced) return;
    raced = true;
    put({ ...row, rev: { N: '2' }, state: { S: 'ACCEPTED' } });
  });
  await other.receive(delivery(['A1']));
  await other.receive(delivery(['A1'], { at: '2026-11-21T09:30:00Z' }));
  const [row] = other.parcels();
  assert.deepEqual([raced, row.rev.N, row.state.S], [true, '3', 'ACCEPTED']);
});

test('a sender hears that nothing is stored when the table cannot be reached', async () => {
  const one = town();
  one.break(new Error('no route'));
  assert.equal((await one.receive(delivery(['A1']))).statusCode, 503);
});

test('a sealed secret opens in its own row only', () => {
  assert.equal(open(RING, sealed(), PLACE).current, SECRET);
  assert.throws(() => open(RING, sealed(), { ...PLACE, pk: 'HOOK#other' }));
});
