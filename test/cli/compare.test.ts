import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { ComparisonReport } from '../../src/compare/comparisonReport.js';
import { COMPARISON_PLACE } from '../../src/compare/fillComparison.js';
import type { RunRecord } from '../../src/compare/runRecord.js';
import { VIEWER_PLACE } from '../../src/trace/fillViewer.js';
import { expectRefusal, expectUsageError, useProgram } from './program.js';

const program = useProgram();

beforeAll(() => {
  // The pages have tests of their own; here they only have to be there.
  const folder = join(inject('programFolder'), 'dist/viewer');
  mkdirSync(folder, { recursive: true });
  const page = (place: string) =>
    `<!doctype html><html><head><meta charset="utf-8"></head><body>${place}</body></html>`;
  writeFileSync(join(folder, 'comparison.html'), page(COMPARISON_PLACE));
  if (!existsSync(join(folder, 'viewer.html'))) writeFileSync(join(folder, 'viewer.html'), page(VIEWER_PLACE));
});

const PROMPTS = [
  '-p',
  'a red circle stands still on a navy background',
  '-p',
  'a blue ring moves in a circle on a gray background',
];
const SMALL = ['--width', '16', '--height', '16', '--frames', '69', '--steps', '1000,500'];
// From block 3 on, whatever is above the mean of what came after block 1 is generated again: often, and not everywhere.
const EAGER = ['--trim-sensitivity', '0', '--trim-warmup', '2', '--trim-skip-first'];
const ARMS = ['--arms', 'baseline,tokentrim,placebo'];
const compare = (...more: string[]) => [
  'compare',
  ...PROMPTS,
  ...SMALL,
  ...EAGER,
  ...ARMS,
  '--progress',
  'lines',
  ...more,
];

/** The records in a folder by their names, without what the clock says. */
function recordsIn(folder: string): Map<string, RunRecord> {
  const runs = program.path(join(folder, 'runs'));
  const names = readdirSync(runs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  const record = (name: string) => ({ ...JSON.parse(readFileSync(join(runs, name), 'utf8')), seconds: 0 }) as RunRecord;
  return new Map(names.sort().map((name) => [name.replaceAll('\\', '/'), record(name)]));
}

const reportIn = (folder: string) =>
  JSON.parse(readFileSync(program.path(`${folder}/report.json`), 'utf8')) as ComparisonReport;

test('makes every run, and reports what its run files add up to', async () => {
  const { status, stdout, stderr } = await program.run(compare('--seeds', '0,1', '--out', 'out'));
  expect(stderr).toContain('12 runs of 4 pairs, 0 of them finished');
  expect(status).toBe(0);
  expect(stdout).toContain('tokentrim - baseline');
  const records = [...recordsIn('out').values()];
  expect(records).toHaveLength(12);
  const of = (arm: string) => records.filter((record) => record.arm === arm);
  const blocksOf = (arm: string, pair: string) => of(arm).find((record) => record.pair === pair)?.blocks ?? [];

  // The noise is the same: until an arm steps in, its latents are the baseline's, and then no longer.
  let [interventions, later] = [0, 0];
  for (const { arm, pair, blocks } of records.filter(({ arm }) => arm !== 'baseline')) {
    const first = blocks.findIndex(({ attempts }) => attempts > 1);
    const until = first < 0 ? blocks.length : first;
    const base = blocksOf('baseline', pair).map(({ latents }) => latents);
    expect(
      blocks.slice(0, until).map(({ latents }) => latents),
      `${arm} ${pair}`,
    ).toEqual(base.slice(0, until));
    if (first >= 0) expect(blocks[first].latents).not.toBe(base[first]);
    interventions += blocks.filter(({ attempts }) => attempts > 1).length;
    later += Number(first >= 0 && first + 1 < blocks.length);
  }
  expect(interventions).toBeGreaterThan(0);
  expect(later).toBeGreaterThan(0);

  const { results, contrasts, unequal, runs } = reportIn('out');
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const sharpness = (record: RunRecord) => record.video?.measures.sharpness.last ?? Number.NaN;
  const byPair = (arm: string) =>
    of(arm)
      .sort((left, right) => left.pair.localeCompare(right.pair))
      .map(sharpness);
  const base = byPair('baseline');
  const less = byPair('tokentrim').map((value, index) => value - base[index]);
  const told = contrasts.find(({ arm, against }) => arm === 'tokentrim' && against === 'baseline');
  expect(told?.differences.sharpness.last.mean).toBeCloseTo(mean(less), 4);
  expect(results.find(({ arm }) => arm === 'placebo')?.levels.calls.whole.mean).toBeCloseTo(
    mean(of('placebo').map(({ calls }) => calls)),
    4,
  );
  expect(results.reduce((sum, { interventions: each }) => sum + each, 0)).toBe(interventions);
  expect(unequal).toEqual([]);
  expect(runs).toHaveLength(12);
  expect(readFileSync(program.path('out/report.html'), 'utf8')).toContain('"version":1');
  expect(readFileSync(program.path('out/runs.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(13);

  // Once more: nothing is made, only the reports.
  const report = reportIn('out');
  const again = await program.run(compare('--seeds', '0,1', '--out', 'out'));
  expect(again.stderr).toContain('12 of them finished');
  expect(again.stderr).not.toContain('comparing');
  expect(reportIn('out')).toEqual(report);
});

test('killed in the middle and started again, it comes to the same numbers; shares side by side do, too', async () => {
  const whole = await program.run(compare('--out', 'whole'));
  expect(whole.status).toBe(0);
  const killed = await program.run(compare('--out', 'out'), {
    onStderr: (text, kill) => {
      if (/\(2\/6\)/.test(text)) kill('SIGKILL');
    },
  });
  expect(killed.status).toBeNull();
  const before = [...recordsIn('out').keys()];
  expect(before.length).toBeGreaterThanOrEqual(2);
  expect(before.length).toBeLessThan(6);
  const changed = (name: string) => statSync(program.path(`out/runs/${name}`)).mtimeMs;
  const times = before.map(changed);
  writeFileSync(program.path(`out/runs/${before[0]}`), '{"version": 1, "dig'); // and one was cut off
  const { status, stderr } = await program.run(compare('--out', 'out'));
  expect(status).toBe(0);
  expect(stderr).toContain(`${before.length - 1} of them finished`);
  expect(recordsIn('out')).toEqual(recordsIn('whole'));
  expect(before.slice(1).map(changed)).toEqual(times.slice(1));

  const shares = ['1/2', '2/2'].map((share) => program.run(compare('--out', 'shared', '--shard', share)));
  for (const share of await Promise.all(shares)) expect(share.status).toBe(0);
  expect(existsSync(program.path('shared/report.json'))).toBe(false);
  expect(recordsIn('shared')).toEqual(recordsIn('whole'));
  expect((await program.run(compare('--out', 'shared'))).stderr).toContain('6 runs of 2 pairs, 6 of them finished');
});

test('Ctrl-C keeps what is finished and says how to go on', async () => {
  const { status, stderr } = await program.run(compare('--out', 'out'), {
    onStderr: (text, kill) => {
      if (/\(1\/6\)/.test(text) && !text.includes('stopping')) kill('SIGINT');
    },
  });
  expect(status).toBe(130);
  expect(stderr).toMatch(/interrupted: [1-5] runs were finished, [1-5] are missing; the same line again goes on/);
  const { status: reported, stdout } = await program.run(compare('--out', 'out', '--report-only'));
  expect(reported).toBe(0);
  expect(stdout).toContain('self-forcing: 1 videos');
});

test('keeps videos and traces where asked, and makes runs again for them', async () => {
  const one = ['compare', '-p', 'a red circle', ...SMALL, '--arms', 'baseline', '--out', 'out'];
  expect((await program.run(one)).status).toBe(0);
  expect(program.files().filter((name) => /mp4|trace/.test(name))).toEqual([]);
  expect((await program.run([...one, '--keep-videos', '--keep-traces'])).status).toBe(0);
  const files = program.files().map((name) => name.replaceAll('\\', '/'));
  expect(files).toContain('out/videos/self-forcing/baseline/a red circle-0.mp4');
  expect(
    files.filter((name) => /^out\/traces\/self-forcing\/baseline\/a-red-circle-\w+-0\.(trace|html)$/.test(name)),
  ).toHaveLength(2);
  const [run] = reportIn('out').runs;
  expect(run.video).toBe('videos/self-forcing/baseline/a red circle-0.mp4');
  expect(existsSync(program.path(`out/${run.trace}`))).toBe(true);
});

describe('what cannot be compared is refused before anything is made:', () => {
  const refused = (args: readonly string[], message: string) =>
    expectUsageError(program, ['compare', ...args], message);
  const prompt = ['-p', 'a red circle'];

  test('no prompt, or one twice', async () => {
    await refused([], 'there is no prompt: give --prompts FILE with one a line');
    await expectRefusal(program, ['compare', ...prompt, ...prompt], 'the prompt "a red circle" is there twice');
  });

  test('arms that are not known, say nothing of their own, or differ in what all share', async () => {
    await refused([...prompt, '--arms', 'baseline,tokentrm'], '--arms: "tokentrm" is none of baseline, tokentrim, ');
    await refused([...prompt, '--arm', 'no colon'], 'expected a name and options');
    await refused([...prompt, '--arm', '../up: --no-trim'], 'a name has letters');
    await refused(
      [...prompt, '--arm', 'odd: --trim-fractoin 0.2'],
      "arm odd (--trim-fractoin 0.2): unknown option '--trim-fractoin'",
    );
    await refused([...prompt, '--arm', 'odd: --trim-fraction 2'], 'expected a number above 0 and up to 1, found "2"');
    await refused(
      [...prompt, '--arm', 'longer: --frames 90'],
      'arm longer: arms are runs of the same prompts, sizes and model',
    );
    await refused([...prompt, '--arm', 'odd: --no-trim --trim-fraction 0.2'], '--no-trim turns it off');
    await refused(
      [...prompt, '--arm', 'same: --no-trim'],
      'the arms baseline and same are the same run with --preset self-forcing',
    );
    await refused([...prompt, '--preset', 'wan'], 'the arms baseline and tokentrim are the same run with --preset wan');
  });

  test('lists that are none', async () => {
    await refused([...prompt, '--seeds', '5..2'], 'expected whole numbers such as 0..4 or 3,5,8, found "5..2"');
    await refused([...prompt, '--shard', '3/2'], 'expected a share of all shares, such as 2/8, found "3/2"');
    await refused(
      [...prompt, '--preset', 'self-forcin'],
      'expected self-forcing, rolling-forcing, wan, found "self-forcin"',
    );
  });
});
