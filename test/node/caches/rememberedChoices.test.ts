import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recallChoices, rememberChoices } from '../../../src/node/caches/rememberedChoices.js';

const CARD = { name: 'a card', driver: 'its driver 1.0' };
const CHOICES = {
  'linear | bf16 | more rows': {
    kernel: 'linear',
    type: 'bf16',
    size: 'more rows',
    form: 'tiled',
    milliseconds: { tiled: 1.5, plain: 4.25, subgroup: null },
    operations: 1e9,
  },
  'layerNorm | f32 | any': { kernel: 'layerNorm', type: 'f32', size: 'any', form: 'plain', milliseconds: { plain: 1 } },
} as const;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokentrim-choices-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = () => join(folder, readdirSync(folder)[0]);

test('what is remembered is recalled, by adapter and driver, in one file each', () => {
  expect(recallChoices(folder, CARD)).toEqual({});
  rememberChoices(folder, CARD, CHOICES);
  expect(recallChoices(folder, CARD)).toEqual(CHOICES);
  expect(recallChoices(folder, { ...CARD, driver: 'its driver 1.1' })).toEqual({});
  rememberChoices(folder, { ...CARD, name: 'another card' }, {});
  rememberChoices(folder, CARD, CHOICES);
  expect(readdirSync(folder)).toHaveLength(2);
  expect(readdirSync(folder).every((name) => /^kernels-[0-9a-f]{20}\.json$/.test(name))).toBe(true);
});

test.each([
  ['cut short', (text: string) => text.slice(0, text.length / 2)],
  ['of another driver', (text: string) => text.replace('its driver 1.0', 'its driver 0.9')],
  ['of other kernels', (text: string) => text.replace(/"program": "\w/, '"program": "x')],
  ['with a form that there is not', (text: string) => text.replace('"form": "tiled"', '"form": "fast"')],
  ['with a time that is none', (text: string) => text.replace('4.25', '-4.25')],
  ['not an object', () => '[]'],
])('a file %s is not used, and replaced', (_, change) => {
  rememberChoices(folder, CARD, CHOICES);
  const changed = change(readFileSync(file(), 'utf8'));
  expect(changed).not.toBe(readFileSync(file(), 'utf8'));
  writeFileSync(file(), changed);
  expect(recallChoices(folder, CARD)).toEqual({});
  rememberChoices(folder, CARD, CHOICES);
  expect(recallChoices(folder, CARD)).toEqual(CHOICES);
  expect(readdirSync(folder)).toHaveLength(1);
});

test('where nothing can be written nothing is remembered, and nothing fails', () => {
  rememberChoices(join(folder, 'nowhere'), CARD, CHOICES);
  expect(recallChoices(join(folder, 'nowhere'), CARD)).toEqual({});
  if (process.getuid?.() === 0) return; // root writes everywhere
  chmodSync(folder, 0o500);
  rememberChoices(folder, CARD, CHOICES);
  expect(readdirSync(folder)).toEqual([]);
  chmodSync(folder, 0o700);
});
