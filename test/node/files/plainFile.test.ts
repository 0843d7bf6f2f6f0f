import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TokenTrimError } from '../../../src/errors.js';
import { isAbsent, openPlainFile, readTextFile, readTextFileSync } from '../../../src/node/files/plainFile.js';

const folder = mkdtempSync(join(tmpdir(), 'plain-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const use = { what: 'a config.json', limit: 100_000 };

/** What each way of reading answers. */
async function messages(path: string): Promise<string[]> {
  const ways = [
    () => openPlainFile(path, use),
    () => readTextFile(path, use),
    async () => readTextFileSync(path, use), // thrown as a promise's rejection
  ];
  return Promise.all(
    ways.map((way) =>
      way().then(
        () => 'read',
        (error: Error) => `${error.name} ${error.message}`,
      ),
    ),
  );
}

async function expectEach(path: string, message: string): Promise<void> {
  expect(await messages(path)).toEqual(Array(3).fill(`TokenTrimError ${path}: ${message}`));
}

describe('files that are read by their name', () => {
  it('are read through links, without the mark before the text', async () => {
    writeFileSync(at('text'), '\uFEFFone\u2014two');
    symlinkSync(at('text'), at('link'));
    for (const path of [at('text'), at('link')]) {
      expect(await readTextFile(path, use)).toBe('one\u2014two');
      expect(readTextFileSync(path, use)).toBe('one\u2014two');
    }
  });

  it('are no pipes, devices, sockets or folders: those are refused at once', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    symlinkSync(at('pipe'), at('link to a pipe'));
    mkdirSync(at('folder'));
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const advice = 'Save what it would say in a file first.';
    await expectEach(at('pipe'), `expected a config.json, found a named pipe, not a file. ${advice}`);
    await expectEach(at('link to a pipe'), `expected a config.json, found a named pipe, not a file. ${advice}`);
    await expectEach('/dev/zero', 'expected a config.json, found a device, not a file.');
    await expectEach(at('socket'), 'expected a config.json, found a socket, not a file.');
    await expectEach(folder, 'expected a config.json, found a folder, not a file.');
    server.close();
  });

  it('are there, and say so where not', async () => {
    await expectEach(at('none'), 'could not be opened (ENOENT): there is no such file.');
    symlinkSync(at('circle'), at('circle'));
    await expectEach(at('circle'), 'could not be opened (ELOOP): its links lead in a circle.');
    expect(isAbsent(await readTextFile(at('none'), use).catch((error) => error))).toBe(true);
    expect(isAbsent(await readTextFile(at('circle'), use).catch((error) => error))).toBe(false);
  });

  it('are texts of a limited length in UTF-8', async () => {
    writeFileSync(at('exact'), 'x'.repeat(100_000));
    writeFileSync(at('long'), 'x'.repeat(100_001));
    writeFileSync(at('utf16'), Buffer.from('\uFEFFtext', 'utf16le'));
    expect(await readTextFile(at('exact'), use)).toHaveLength(100_000);
    expect(readTextFileSync(at('exact'), use)).toHaveLength(100_000);
    const tooLong = 'expected a config.json of at most 100000 bytes, found a longer file.';
    const other = 'expected a config.json in UTF-8, found other bytes. Save it as UTF-8.';
    expect((await messages(at('long'))).slice(1)).toEqual(Array(2).fill(`TokenTrimError ${at('long')}: ${tooLong}`));
    expect((await messages(at('utf16'))).slice(1)).toEqual(Array(2).fill(`TokenTrimError ${at('utf16')}: ${other}`));
    await expect(readTextFile(at('long'), { ...use, label: '--prompts-at long' })).rejects.toThrow(
      new TokenTrimError(`--prompts-at long: ${tooLong}`),
    );
  });
});
