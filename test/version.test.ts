import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROGRAM } from '../src/version.js';

test('the version in the code is that of the package', () => {
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(PROGRAM).toBe(`${name} ${version}`);
});
