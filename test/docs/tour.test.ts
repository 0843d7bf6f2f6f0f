import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { STOPS } from '../../scripts/step/stops.mjs';
import { compileModule } from '../support/compiledFolder.js';
import { root } from './documents.js';

const read = (name: string) => readFileSync(join(root, name), 'utf8');
const tour = read('docs/TOUR.md');
const compiled = (name: string) => compileModule(read(name));

/** Rows of the tables of equations: the names in the third column, the files that the fourth links to. */
const rows = tour
  .split('\n')
  .map((line) => line.split(' | '))
  .filter((cells) => cells.length === 4 && cells[3].includes('](../src/'))
  .map(([what, , names, files]) => ({
    what: what.replace('| ', ''),
    names: Array.from(names.replaceAll(/\(.*?\)/g, '').matchAll(/`([\w.]+)`/g), ([, name]) => name),
    members: Array.from(names.matchAll(/\(its `(\w+)`\)/g), ([, member]) => member),
    files: Array.from(files.matchAll(/\]\(\.\.\/([^)]+)\)/g), ([, file]) => file),
  }));

const exports = (source: string, name: string) =>
  new RegExp(`^export (?:async )?(?:function\\*?|const|class|interface|type) ${name}\\b`, 'm').test(source);
const hasMember = (source: string, member: string) => new RegExp(`^  +(?:async |get )?${member}\\(`, 'm').test(source);

test('the equations are found', () => {
  expect(rows.length).toBeGreaterThanOrEqual(18);
  expect(rows.flatMap(({ names }) => names)).toContain('unstableTokens');
});

describe.each(rows)('$what', ({ names, members, files }) => {
  test('its functions are in the files beside them', () => {
    const sources = files.map(read);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const [exported, ...rest] = name.split('.');
      const source = sources.find((text) => exports(text, exported));
      expect(source, `${name} is exported by ${files.join(' or ')}`).toBeDefined();
      for (const member of [...rest, ...members]) expect(hasMember(source ?? '', member), member).toBe(true);
    }
  });
});

test('the line at which the tour has node inspect stop is the loop over keys', () => {
  const [, file, line] = /sb\('(attention\.twin)\.js', (\d+)\)/.exec(tour) ?? [];
  expect(compiled(`src/kernels/attention/${file}.ts`).split('\n')[Number(line) - 1]).toContain(
    'for (let j = 0; j < sequence.length',
  );
});

test('the line at which the tour has it stop in generate is the decision', () => {
  const [, line] = /sb\('tokenTrim\.js', (\d+)\)/.exec(tour) ?? [];
  expect(compiled('src/tokentrim/tokenTrim.ts').split('\n')[Number(line) - 1]).toContain('return isAbnormal && may');
});

test('the stops of npm run step have the formulas of the tour', () => {
  for (const { name, formula, file } of STOPS) {
    for (const part of formula.split('; ')) expect(tour, name).toContain(` ${part} `);
    expect(tour, name).toContain(`(../src/${file}.ts)`);
  }
});

test('the names that the tour tells to stop at exist', () => {
  const places = { 'src/pipelines/selfForcing.ts': 'attemptBlock', 'src/models/wan/kvCache.ts': 'blockCall' };
  for (const [file, name] of Object.entries(places)) {
    expect(tour).toContain(name);
    expect(read(file)).toMatch(new RegExp(`function\\*? ${name}\\(`));
  }
});

test('the architecture page stays within 100 lines', () => {
  expect(read('docs/ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(100);
});
