// DynamoDB and Secrets Manager over kept connections, signed with Signature Version 4. The SDK for JavaScript is left out
// on purpose: loading it is most of a cold start in Node, and this peer is to be as quick as a careful one can be.
import http from 'node:http';
import https from 'node:https';
import { createHash, createHmac } from 'node:crypto';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
/** One try may take this long, in milliseconds; as long as the product waits for its table. */
const A_TRY = 1000;
/** A write that cannot be told apart from a lost one is tried again this often; the condition keeps it from counting twice. */
const TRIES = 3;

/** What a service refused, with the last word of its type. */
export class Refused extends Error {
  constructor(type, status) {
    super(`${type} (${status})`);
    this.type = type;
    this.status = status;
  }
}

/** Calls of one service: `client(env, 'dynamodb', 'DynamoDB_20120810')('GetItem', {...})`. */
export function client(env, service, target) {
  const region = env.AWS_REGION ?? 'us-east-1';
  const name = service === 'dynamodb' ? 'AWS_ENDPOINT_URL_DYNAMODB' : 'AWS_ENDPOINT_URL_SECRETS_MANAGER';
  const url = new URL(env[name] ?? env.AWS_ENDPOINT_URL ?? `https://${service}.${region}.amazonaws.com`);
  const transport = url.protocol === 'https:' ? https : http;
  const agent = new transport.Agent({ keepAlive: true, maxSockets: 8 });
  const type = `application/x-amz-json-${service === 'dynamodb' ? '1.0' : '1.1'}`;
  let day;
  let dayKey;

  function signed(operation, body) {
    const moment = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const date = moment.slice(0, 8);
    if (day !== date) {
      day = date;
      const parts = [date, region, service, 'aws4_request'];
      dayKey = parts.reduce(hmac, `AWS4${env.AWS_SECRET_ACCESS_KEY}`);
    }
    const headers = { 'content-type': type, host: url.host, 'x-amz-date': moment };
    if (env.AWS_SESSION_TOKEN) headers['x-amz-security-token'] = env.AWS_SESSION_TOKEN;
    headers['x-amz-target'] = `${target}.${operation}`;
    const names = Object.keys(headers).sort();
    const lines = names.map((key) => `${key}:${headers[key]}\n`).join('');
    const canonical = `POST\n/\n\n${lines}\n${names.join(';')}\n${sha256(body)}`;
    const scope = `${date}/${region}/${service}/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${moment}\n${scope}\n${sha256(canonical)}`;
    const signature = createHmac('sha256', dayKey).update(text).digest('hex');
    headers.authorization =
      `AWS4-HMAC-SHA256 Credential=${env.AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
    headers['content-length'] = Buffer.byteLength(body);
    return headers;
  }

  const once = (operation, body) =>
    new Promise((resolve, reject) => {
      const request = transport.request(url, { method: 'POST', agent, headers: signed(operation, body) }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          try {
            const json = JSON.parse(Buffer.concat(parts).toString() || '{}');
            if (answer.statusCode === 200) return resolve(json);
            reject(new Refused(String(json.__type ?? '').split('#').pop(), answer.statusCode));
          } catch (error) {
            reject(error);
          }
        });
      });
      request.setTimeout(A_TRY, () => request.destroy(new Error('timed out')));
      request.on('error', reject);
      request.end(body);
    });

  return async function call(operation, input) {
    const body = JSON.stringify(input);
    for (let left = TRIES; ; left -= 1) {
      try {
        return await once(operation, body);
      } catch (error) {
        const again = !(error instanceof Refused) || error.status >= 500 || /Throttl|Throughput/.test(error.type);
        if (!again || left === 1) throw error;
        await new Promise((resolve) => setTimeout(resolve, 25 * (TRIES - left + 1)));
      }
    }
  };
}
