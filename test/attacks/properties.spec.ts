import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAccessToken, isUsualHeader } from './admissible.js';
import { claimChanges, headerBytes, headerChanges } from './arbitraries.js';
import { AttackKit } from './attack-kit.js';
import { bootAttackedApp } from './attacked-app.js';
import type { AttackedApp } from './attacked-app.js';
import { CapturedLog } from './captured-log.js';
import { always, jws, rs } from './forgery.js';
import { contentsOf, leaksIn, partsOf } from './leaks.js';
import { exchange, get, post } from './raw-http.js';

const RUNS = { numRuns: 200 };
const STATUSES = [200, 400, 401, 403, 503];

const log = new CapturedLog();
let kit: AttackKit;
let app: AttackedApp;

beforeAll(async () => {
  kit = await AttackKit.create();
  const options = { ...kit.options('required'), tokenFrom: [fromAuthorization, fromBody] };
  app = await bootAttackedApp({ platform: 'express', log, options });
});

afterAll(async () => {
  await app.close();
  await kit.close();
});

function fromAuthorization({ headers }: { headers: Record<string, string | undefined> }) {
  return headers['authorization']?.replace(/^Bearer /, '');
}

function fromBody({ body }: { body?: { token?: string } }) {
  return body?.token;
}

/** The status of the answer to a token, once the answer is found to be a safe one. */
async function statusOf(token: string): Promise<number> {
  return statusOfBytes(post([], JSON.stringify({ token })).to('/any'), token);
}

async function statusOfBytes(bytes: string, token: string): Promise<number> {
  log.clear();
  const answers = await exchange(app.port, bytes);
  expect(answers).toHaveLength(1);
  const [{ status, text, body } = { status: 0, text: '', body: '' }] = answers;
  expect(STATUSES).toContain(status);
  expect(leaksIn(text + log.text, [...partsOf([token]), ...contentsOf([token])])).toEqual([]);
  // What the HTTP server of Node refuses by itself has no body.
  expect(status === 200 || body === '' || body.includes('"code":"')).toBe(true);
  return status;
}

describe('The guard never lets in', () => {
  it('any bytes behind Bearer', async () => {
    await fc.assert(
      fc.asyncProperty(headerBytes(), async (bytes) => {
        const request = get([`Authorization: Bearer ${bytes}`]);
        expect(await statusOfBytes(request.to('/any'), bytes)).not.toBe(200);
      }),
      RUNS,
    );
  });

  it('any text, and any three texts with dots between them', async () => {
    const text = fc.string({ unit: 'binary' });
    const three = fc.tuple(text, text, text).map((texts) => texts.join('.'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, three), async (token) => {
        expect(await statusOf(token)).not.toBe(200);
      }),
      RUNS,
    );
  });

  it('any header and payload that the attacker signed', async () => {
    await fc.assert(
      fc.asyncProperty(headerChanges(), claimChanges(), async (head, claims) => {
        const token = jws(kit.header(head), kit.claims(claims), rs(256, kit.attacker));
        expect(await statusOf(token)).not.toBe(200);
      }),
      RUNS,
    );
  });

  it('any bytes for a signature', async () => {
    const short = fc.uint8Array({ minLength: 1, maxLength: 300 });
    const exact = fc.uint8Array({ minLength: 256, maxLength: 256 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(short, exact), async (bytes) => {
        const token = jws(kit.header(), kit.claims(), always(Buffer.from(bytes)));
        expect(await statusOf(token)).not.toBe(200);
      }),
      RUNS,
    );
  });

  it('any edit of a genuine token', async () => {
    const token = kit.token();
    expect(await statusOf(token)).toBe(200);
    const edits = fc.tuple(
      fc.nat({ max: token.length - 1 }),
      fc.nat({ max: 2 }),
      fc.oneof(fc.constantFrom('A', '-', '_', '.', '=', ' ', '+'), fc.string({ unit: 'binary' })),
    );
    await fc.assert(
      fc.asyncProperty(edits, async ([at, removed, inserted]) => {
        const edited = token.slice(0, at) + inserted + token.slice(at + removed);
        fc.pre(edited !== token);
        expect(await statusOf(edited)).not.toBe(200);
      }),
      RUNS,
    );
  });

  it('any bytes for a payload or a header below the signature of the pool', async () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map((json) => Buffer.from(json)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (part) => {
        expect(await statusOf(kit.sign(Buffer.from(part)))).not.toBe(200);
        expect(await statusOf(kit.sign(kit.claims(), Buffer.from(part)))).not.toBe(200);
      }),
      RUNS,
    );
  });
});

describe('What the pool signed', () => {
  it('comes in under a header that asks for nothing unusual only', async () => {
    await fc.assert(
      fc.asyncProperty(headerChanges(), async (changes) => {
        const header = withMembers(kit.header(), changes);
        const status = await statusOf(kit.sign(kit.claims(), header));
        expect(status === 200).toBe(isUsualHeader(JSON.parse(header), kit));
      }),
      { ...RUNS, examples: [[{}], [{ typ: 'at+jwt', jku: 'x' }], [{ crit: [] }]] },
    );
  });

  it('comes in with the claims of an access token only', async () => {
    expect(await statusOf(kit.sign(kit.claims()))).toBe(200);
    await fc.assert(
      fc.asyncProperty(claimChanges(), async (changes) => {
        const payload = withMembers(kit.claims(), changes);
        const now = Date.now() / 1000;
        if ((await statusOf(kit.sign(payload))) !== 200) return;
        expect(JSON.parse(payload)).toSatisfy((claims: object) =>
          isAccessToken({ ...claims }, now),
        );
      }),
      { ...RUNS, examples: [[{ 'cognito:groups': [] }], [{ exp: '4102444800' }]] },
    );
  });
});

/** JSON in which `__proto__` is a member like any other. */
function withMembers(object: object, changes: object): string {
  const members = Object.entries({ ...object }).filter(([name]) => !Object.hasOwn(changes, name));
  const all = [...members, ...Object.entries(changes)];
  return `{${all.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
}
