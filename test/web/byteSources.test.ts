import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BlobBytes } from '../../src/web/blobBytes.js';
import { openUrlBytes } from '../../src/web/urlBytes.js';
import { serve } from './support/serve.js';

const FIRST = 8 * 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'tokentrim-bytes-'));
const large = new Uint8Array(FIRST + 1000).map((_, index) => (index * 7) % 251);

beforeAll(() => {
  writeFileSync(join(folder, 'small.bin'), large.subarray(0, 1000));
  writeFileSync(join(folder, 'large.bin'), large);
  writeFileSync(join(folder, 'empty.bin'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A server with one answer. */
async function answering(listener: RequestListener): Promise<{ address: string } & Disposable> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://localhost:${(server.address() as AddressInfo).port}/weights.bin`;
  return { address, [Symbol.dispose]: () => void server.close() };
}

test('a small file is fetched once, whatever is read of it', async () => {
  using server = await serve(folder);
  const bytes = await openUrlBytes(`${server.address}small.bin`);
  expect(bytes.size).toBe(1000);
  expect(await bytes.read(10, 20)).toEqual(large.subarray(10, 30));
  expect(await bytes.read(990, 10)).toEqual(large.subarray(990, 1000));
  expect(server.requests).toEqual([`/small.bin 0-${FIRST - 1}`]);
});

test('what is read is a copy of its own, aligned for any typed array', async () => {
  using server = await serve(folder);
  const bytes = await openUrlBytes(`${server.address}small.bin`);
  const first = await bytes.read(3, 8);
  first.fill(0);
  expect(first.byteOffset).toBe(0);
  expect(await bytes.read(3, 8)).toEqual(large.subarray(3, 11));
});

test('of a large file ranges are fetched beyond its beginning', async () => {
  using server = await serve(folder);
  const bytes = await openUrlBytes(`${server.address}large.bin`);
  expect(bytes.size).toBe(large.length);
  expect(await bytes.read(100, 5)).toEqual(large.subarray(100, 105));
  expect(server.requests).toHaveLength(1);
  expect(await bytes.read(FIRST - 5, 10)).toEqual(large.subarray(FIRST - 5, FIRST + 5));
  expect(server.requests.at(-1)).toBe(`/large.bin ${FIRST - 5}-${FIRST + 4}`);
});

test('a server without ranges is asked once, for the whole file', async () => {
  using server = await serve(folder, { ranges: false });
  const bytes = await openUrlBytes(`${server.address}large.bin`);
  expect(bytes.size).toBe(large.length);
  expect(await bytes.read(FIRST, 1000)).toEqual(large.subarray(FIRST));
  expect(server.requests).toEqual(['/large.bin']);
});

test('a server that keeps the size of a range to itself is asked for the whole file', async () => {
  using server = await answering(({ headers }, response) => {
    if (headers.range) response.writeHead(206).end(large.subarray(0, 100));
    else response.end(large.subarray(0, 1000));
  });
  const bytes = await openUrlBytes(server.address);
  expect(bytes.size).toBe(1000);
  expect(await bytes.read(500, 500)).toEqual(large.subarray(500, 1000));
});

test('an empty file has no bytes, and no range either', async () => {
  using server = await answering(({ headers }, response) => response.writeHead(headers.range ? 416 : 200).end());
  expect((await openUrlBytes(server.address)).size).toBe(0);
});

test('a file that changes while it is read is an error', async () => {
  let size = large.length;
  using server = await answering(({ headers }, response) => {
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') as RegExpExecArray;
    const body = large.subarray(Number(first), Number(last) + 1);
    response.writeHead(206, { 'Content-Range': `bytes ${first}-${last}/${size}` }).end(body);
  });
  const bytes = await openUrlBytes(server.address);
  size -= 1;
  await expect(bytes.read(FIRST, 100)).rejects.toThrow('has changed while it was read');
});

test.each([
  ['a file that is not there', 'nowhere.bin', 'nowhere.bin: expected a file, the server says 404 Not Found.'],
  ['no server', 'http://localhost:1/x.bin', 'http://localhost:1/x.bin could not be fetched'],
])('%s is an error that says so', async (_, name, message) => {
  using server = await serve(folder);
  await expect(openUrlBytes(new URL(name, server.address))).rejects.toThrow(message);
});

test.each(['small.bin', 'large.bin'])('%s: reading past the end, or after closing, is an error', async (name) => {
  using server = await serve(folder);
  const bytes = await openUrlBytes(`${server.address}${name}`);
  await expect(bytes.read(bytes.size - 4, 5)).rejects.toThrow(`it ends at byte ${bytes.size}`);
  await bytes.close();
  await expect(bytes.read(0, 1)).rejects.toThrow('after it was closed');
});

test('a picked file is read by ranges, under its name', async () => {
  const bytes = new BlobBytes(new File([large.subarray(0, 1000)], 'vae.safetensors'));
  expect([bytes.label, bytes.size]).toEqual(['vae.safetensors', 1000]);
  expect(await bytes.read(10, 20)).toEqual(large.subarray(10, 30));
  await expect(bytes.read(999, 2)).rejects.toThrow('vae.safetensors: it ends at byte 1000');
  await bytes.close();
  await expect(bytes.read(0, 1)).rejects.toThrow('after it was closed');
});

test('a picked file that cannot be read any more is an error that says what to do', async () => {
  const blob = { size: 10, slice: () => ({ arrayBuffer: async () => Promise.reject(new Error('not readable')) }) };
  await expect(new BlobBytes(blob as unknown as Blob, 'x').read(0, 1)).rejects.toThrow('Pick it again.');
});
