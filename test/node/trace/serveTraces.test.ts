import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { byteRange } from '../../../src/node/trace/byteRange.js';
import { openTraceFolder } from '../../../src/node/trace/openTraceFolder.js';
import { serveTraces, type TraceServer } from '../../../src/node/trace/serveTraces.js';
import { linesOf, runOf } from '../../trace/madeTrace.js';
import { VIEWER } from './standIn.js';

const home = mkdtempSync(join(tmpdir(), 'tokentrim-serve-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const TEXT = linesOf(runOf([[1], [1, 1]]));
let folder = '';
let server: TraceServer;

beforeEach(async () => {
  folder = join(mkdtempSync(join(home, 'test-')), 'a run');
  mkdirSync(join(folder, 'pictures'), { recursive: true });
  writeFileSync(join(folder, 'events.jsonl'), TEXT);
  writeFileSync(join(folder, 'plan.json'), '{}');
  writeFileSync(join(folder, 'pictures/0000.webp'), 'a picture');
  writeFileSync(join(folder, '../secret.webp'), 'secret');
  symlinkSync('../../secret.webp', join(folder, 'pictures/out.webp'));
  const trace = await openTraceFolder(folder);
  server = await serveTraces([trace, trace], VIEWER);
});
afterEach(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A request as it is written, which `fetch` would put in order. */
function ask(
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { hostname, port, pathname } = new URL(server.address);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, method, headers, path: path.startsWith('/') ? path : pathname + path },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    sent.on('error', reject).end();
  });
}

test('the page, the list of traces, their events and their files', async () => {
  const page = await ask('');
  expect(page).toMatchObject({ status: 200, text: VIEWER });
  expect(page.headers['content-security-policy']).toMatch(
    /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; img-src data: blob:; connect-src 'self'; /,
  );
  expect(page.headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  expect(JSON.parse((await ask('traces.json')).text)).toEqual([{ name: 'a run' }, { name: 'a run-2' }]);
  for (const name of ['a%20run', 'a%20run-2'])
    expect(await ask(`${name}/events.jsonl`)).toMatchObject({ status: 200, text: TEXT });
  const picture = await ask('a%20run/pictures/0000.webp');
  expect(picture).toMatchObject({ status: 200, text: 'a picture' });
  expect(picture.headers['content-type']).toBe('image/webp');
  expect(await ask('a%20run/pictures/0000.webp', { method: 'HEAD' })).toMatchObject({
    status: 200,
    text: '',
    headers: { 'content-length': '9' },
  });
});

test('a run that goes on is followed by ranges', async () => {
  const from = (first: number) => ask('a%20run/events.jsonl', { headers: { Range: `bytes=${first}-` } });
  expect(await from(TEXT.length)).toMatchObject({
    status: 416,
    headers: { 'content-range': `bytes */${TEXT.length}` },
  });
  appendFileSync(join(folder, 'events.jsonl'), '{"kind"');
  expect(await from(TEXT.length)).toMatchObject({
    status: 206,
    text: '{"kind"',
    headers: { 'content-range': `bytes ${TEXT.length}-${TEXT.length + 6}/${TEXT.length + 7}` },
  });
  const part = await ask('a%20run/events.jsonl', { headers: { Range: 'bytes=1-6' } });
  expect(part).toMatchObject({ status: 206, text: TEXT.slice(1, 7) });
});

test('any range gives those bytes', () => {
  const place = fc.nat({ max: 30 });
  fc.assert(
    fc.property(fc.nat({ max: 20 }), fc.option(place), fc.option(place), (size, from, to) => {
      const bytes = Array.from({ length: size }, (_, index) => index);
      const range = byteRange(`bytes=${from ?? ''}-${to ?? ''}`, size);
      const wanted = from === null ? (to ? bytes.slice(-to) : []) : bytes.slice(from, to === null ? undefined : to + 1);
      if ((from === null && to === null) || (from !== null && to !== null && to < from)) expect(range).toBeUndefined();
      else if (range === 'none') expect(wanted).toEqual([]);
      else expect(bytes.slice(range?.first, (range?.last ?? 0) + 1)).toEqual(wanted);
    }),
  );
  for (const header of [undefined, 'bytes=0-1,3-4', 'lines=0-1', 'bytes=a-b'])
    expect(byteRange(header, 9)).toBeUndefined();
});

describe('nobody else is answered', () => {
  test('without the secret', async () => {
    for (const path of ['/', '/traces.json', '/a%20run/events.jsonl', `/${'A'.repeat(24)}/`, '//', '/../'])
      expect((await ask(path)).status).toBe(404);
    const other = await serveTraces([], VIEWER);
    await other.close();
    expect(new URL(other.address).pathname).not.toBe(new URL(server.address).pathname);
  });

  test('under another name (DNS rebinding)', async () => {
    const { port } = new URL(server.address);
    for (const Host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      '127.0.0.1:1',
      `127.0.0.1:${port}.evil.example`,
    ])
      expect((await ask('', { headers: { Host } })).status).toBe(403);
    expect((await ask('', { headers: { Host: `localhost:${port}` } })).status).toBe(200);
  });

  test('with another method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect(await ask('', { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  test('for a file outside, or of another kind', async () => {
    for (const file of [
      'plan.json',
      '../secret.webp',
      '%2e%2e/secret.webp',
      '..%2fsecret.webp',
      'pictures/out.webp',
      'pictures',
      'pictures/',
      '',
      '.',
      'pictures//0000.webp',
      'pictures%2f..%2f..%2fsecret.webp',
      'pictures/0000.webp%00',
    ])
      expect((await ask(`a%20run/${file}`)).text, file).not.toMatch(/secret$|^\{\}$/);
    for (const file of ['plan.json', '../secret.webp', 'pictures/out.webp', 'other/events.jsonl'])
      expect((await ask(`a%20run/${file}`)).status).toBe(404);
    expect((await ask('%zz/events.jsonl')).status).toBe(400);
    expect((await ask('other/events.jsonl')).status).toBe(404);
  });
});

test('whatever is asked, nothing outside the traces is answered', async () => {
  const { pathname } = new URL(server.address);
  const part = fc.constantFrom(
    'a run',
    'a%20run',
    '..',
    '%2e%2e',
    '.',
    '',
    'pictures',
    'secret.webp',
    'plan.json',
    '%2f',
    '%5c',
    '%00',
    '?',
    '#',
    pathname.slice(1, -1),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.oneof(part, fc.webSegment()), { maxLength: 6 }),
      async (isInside, parts) => {
        const path = `${isInside ? pathname : '/'}${parts.join('/')}`.replaceAll(' ', '%20');
        const { status, text } = await ask(path);
        expect([200, 400, 404]).toContain(status);
        if (status === 200)
          expect(['a picture', TEXT, VIEWER, JSON.stringify([{ name: 'a run' }, { name: 'a run-2' }])]).toContain(text);
      },
    ),
    { numRuns: 200 },
  );
});

test('the page may load nothing, speak to this server alone, and be shown in no other', async () => {
  const policy = String((await ask('')).headers['content-security-policy']).split('; ');
  expect(policy).toEqual(
    expect.arrayContaining(["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"]),
  );
  expect(policy.join()).not.toMatch(/unsafe|\*|https?:/);
  for (const path of ['', 'traces.json', 'a%20run/events.jsonl', 'nowhere/x'])
    expect((await ask(path)).headers).toMatchObject({
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
  expect(new URL(server.address).hostname).toBe('127.0.0.1');
});

test('a port that is taken says so', async () => {
  const { port } = new URL(server.address);
  await expect(serveTraces([], VIEWER, Number(port))).rejects.toThrow(
    `Cannot serve on port ${port}: it is in use. Choose another \`port\`.`,
  );
});
