import { expect, test } from 'vitest';
import { misused } from './parsed.js';

test('options for one clip are refused beside those for many, and many need a folder', async () => {
  const many = ['--prompts', 'p.txt', '--out-dir', 'clips'];
  expect(await misused('--prompts', 'p.txt')).toBe(
    '`prompts` makes many clips: say where they go, with `outDir` clips',
  );
  expect(await misused('a', '--seeds', '0..4')).toContain('`seeds` makes many clips');
  expect(await misused(...many, '--seed', '3')).toContain('use `seeds`');
  for (const [option, ...value] of [['--out', 'a.mp4'], ['--image', 'a.png'], ['--json'], ['--latents-only']]) {
    expect(await misused(...many, option, ...value)).toContain('is for one clip, and `outDir` makes many');
  }
  expect(await misused(...many, '--seeds', '4..1')).toContain('expected whole numbers such as 0..4');
  expect(await misused(...many, '--shard', '3/2')).toContain('expected a share of all shares');
  expect(await misused(...many, '--claim-expiry', '1')).toContain('expected a number from 5 to 86400');
  expect(await misused(...many, '--no-trim', '--trim-fraction', '0.2')).toContain('--no-trim turns it off');
});
