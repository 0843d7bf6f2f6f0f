import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { ProbeResult } from '../../../src/node/adapter/probe.js';
import { recallAdapters, rememberAdapters } from '../../../src/node/caches/rememberedAdapters.js';

const folder = mkdtempSync(join(tmpdir(), 'tokentrim-adapters-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'adapters.json');

const ANSWER: ProbeResult = {
  adapters: [
    { name: 'a card', kind: 'gpu', description: 'its driver', features: ['shader-f16'], limits: { maxBufferSize: 1 } },
  ],
  complaints: ['something'],
};

test('an answer is recalled as it was', () => {
  rememberAdapters(file, ANSWER);
  expect(recallAdapters(file)).toEqual(ANSWER);
  expect(recallAdapters(join(folder, 'nowhere'))).toBeUndefined();
});

test('what is cut, changed into something else, or foreign is a miss', () => {
  const text = JSON.stringify(ANSWER);
  const [adapter] = ANSWER.adapters;
  const parts: ((value: unknown) => unknown)[] = [
    (value) => value,
    (adapters) => ({ ...ANSWER, adapters }),
    (one) => ({ ...ANSWER, adapters: [one] }),
    (complaints) => ({ ...ANSWER, complaints }),
    ...(['name', 'kind', 'description', 'features', 'limits'] as const).map((field) => (value: unknown) => ({
      ...ANSWER,
      adapters: [{ ...adapter, [field]: value }],
    })),
  ];
  const wrong = fc.oneof(fc.constantFrom(null, 1, true, {}, [{}], [null], ''), fc.double());
  fc.assert(
    fc.property(fc.constantFrom(...parts), wrong, (put, value) => {
      const written = put(value);
      fc.pre(!isWhole(written as ProbeResult));
      writeFileSync(file, JSON.stringify(written));
      expect(recallAdapters(file)).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(fc.nat(text.length - 1), (length) => {
      writeFileSync(file, text.slice(0, length));
      expect(recallAdapters(file)).toBeUndefined();
    }),
  );
});

/** Some of the values are right where they are put: no limits, a description that is empty. */
const isWhole = (written: ProbeResult | null): boolean => {
  const adapter = written?.adapters?.[0];
  return JSON.stringify(adapter?.limits) === '{}' || adapter?.description === '';
};
