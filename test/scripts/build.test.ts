import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VIEWER_PLACE } from '../../src/trace/fillViewer.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tokentrim-build-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const shaders = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.wgsl'))
    .sort();

it('builds in a folder whose path has a dot, a space and letters outside ASCII', () => {
  const clone = join(home, 'github.com', 'a b.c', 'é');
  mkdirSync(clone, { recursive: true });
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts', 'src', 'web']) {
    cpSync(join(root, name), join(clone, name), { recursive: true });
  }
  rmSync(join(clone, 'src', 'web', 'kernelTexts.ts'), { force: true }); // which a fresh clone does not have
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));

  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: clone, encoding: 'utf8' });

  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(shaders(join(clone, 'dist'))).toEqual(shaders(join(root, 'src')));
  expect(readdirSync(join(clone, 'dist'))).toContain('index.js');
  expect(readFileSync(join(clone, 'dist', 'viewer', 'viewer.html'), 'utf8')).toContain(VIEWER_PLACE);
  expect(readdirSync(join(clone, 'dist', 'web'))).toEqual(
    expect.arrayContaining(['kernelTexts.js', 'kernelTexts.d.ts']),
  );
});
