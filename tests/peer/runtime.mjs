// Lambda's runtime API: ask for the next event, answer it, again.
import http from 'node:http';
import { client } from './aws.mjs';
import { receiver } from './handler.mjs';

const BASE = '/2018-06-01/runtime/invocation';

/** Serves until the host goes away. */
export async function serve(env) {
  const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method, path, body = '') =>
    new Promise((resolve, reject) => {
      const options = { host, port, method, path, agent, headers: { 'content-length': Buffer.byteLength(body) } };
      const request = http.request(options, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => resolve({ headers: answer.headers, text: Buffer.concat(parts).toString() }));
      });
      request.on('error', reject);
      request.end(body);
    });
  const receive = receiver({
    table: client(env, 'dynamodb', 'DynamoDB_20120810'),
    secrets: client(env, 'secretsmanager', 'secretsmanager'),
    name: env.TABLE_NAME,
    ring: `${env.SECRETS_PREFIX ?? 'waybill'}/kek/hook`,
    now: Date.now,
  });
  for (;;) {
    const next = await ask('GET', `${BASE}/next`);
    const answer = await receive(JSON.parse(next.text));
    await ask('POST', `${BASE}/${next.headers['lambda-runtime-aws-request-id']}/response`, JSON.stringify(answer));
  }
}
