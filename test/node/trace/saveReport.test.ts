import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { isOwnFile } from '../../../src/node/files/ownFile.js';
import { saveReport } from '../../../src/node/trace/saveReport.js';
import { readViewer } from '../../../src/node/trace/viewerPage.js';
import type { EmbeddedTraces } from '../../../src/trace/fillViewer.js';
import type { TraceEvent } from '../../../src/trace/format.js';
import { linesOf, runOf } from '../../trace/madeTrace.js';
import { VIEWER as viewer } from './standIn.js';

const home = mkdtempSync(join(tmpdir(), 'tokentrim-report-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folder = '';
let page = '';
beforeEach(() => {
  const test = mkdtempSync(join(home, 'test-'));
  [folder, page] = [join(test, 'run'), join(test, 'report.html')];
  mkdirSync(join(folder, 'pictures'), { recursive: true });
});

const sheet = (file: string): TraceEvent => ({
  ...{ kind: 'pictures', at: 9, block: 0, attempt: 0, role: 'video', first: 0 },
  sheet: { file, count: 1, columns: 1, width: 1, height: 1 },
});

test('traces and what they name lie in one page, which this program knows again', async () => {
  const text = linesOf([...runOf([[1]]), sheet('pictures/a.webp'), sheet('pictures/none.webp'), sheet('../page.webp')]);
  writeFileSync(join(folder, 'events.jsonl'), `${text}{"kind":"note","text":"</script><script>alert(1)</script>`);
  writeFileSync(join(folder, 'pictures/a.webp'), 'a picture');
  writeFileSync(join(folder, 'pictures/unnamed.webp'), 'left by a run that was killed');
  expect(await saveReport([folder, folder], page, { viewer })).toBe(readFileSync(page).byteLength);
  const html = readFileSync(page, 'utf8');
  const [, json] = /<script type="application\/json" id="trace">(.*?)<\/script>/.exec(html) ?? [];
  const { traces } = JSON.parse(json) as EmbeddedTraces;
  expect(traces.map(({ name }) => name)).toEqual(['run', 'run-2']);
  expect(traces[0].events).toBe(readFileSync(join(folder, 'events.jsonl'), 'utf8'));
  expect(traces[0].files).toEqual({ 'pictures/a.webp': Buffer.from('a picture').toString('base64') });
  expect(html.match(/<script/g)).toHaveLength(2); // the viewer's, and the data
  expect(html).toMatch(
    /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-[^"]*connect-src 'none'/,
  );
  expect(await isOwnFile(page)).toBe(true);
  await saveReport(folder, page, { viewer }); // in the place of the first
  expect(readFileSync(page, 'utf8')).not.toContain('run-2');
});

test('what is no trace, and what another wrote, stay as they are', async () => {
  await expect(saveReport(folder, page, { viewer })).rejects.toThrow('found no events.jsonl');
  expect(existsSync(page)).toBe(false);
  writeFileSync(join(folder, 'events.jsonl'), linesOf(runOf([[1]])));
  writeFileSync(page, '<!doctype html><p>mine');
  await expect(saveReport(folder, page, { viewer, option: '--report' })).rejects.toThrow(
    'Choose another --report, or replace it with --force',
  );
  await saveReport(folder, page, { viewer, force: true });
  expect(await isOwnFile(page)).toBe(true);
});

test('a viewer that was not built says what to run', async () => {
  await expect(readViewer(join(home, 'viewer.html'))).rejects.toThrow('The viewer is not built: expected ');
});
