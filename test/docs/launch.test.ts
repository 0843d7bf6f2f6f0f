import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './documents.js';

interface Launch {
  readonly name: string;
  readonly preLaunchTask: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly outFiles: readonly string[];
}

/** What VS Code puts in place of the repository's root. */
const WORKSPACE = /^\$\{workspaceFolder\}/;

const read = (name: string) => JSON.parse(readFileSync(join(root, '.vscode', name), 'utf8'));
const { configurations } = read('launch.json') as { configurations: Launch[] };
const { tasks } = read('tasks.json') as { tasks: { label: string; script: string }[] };
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

test('six configurations, each on a program that is there, each building first', () => {
  expect(configurations).toHaveLength(6);
  for (const { program, preLaunchTask } of configurations) {
    expect(existsSync(program.replace(WORKSPACE, root)), program).toBe(true);
    const task = tasks.find(({ label }) => label === preLaunchTask);
    expect(scripts[task?.script ?? ''], preLaunchTask).toBeDefined();
  }
});

test('the method is stepped through by the program that npm run step runs', () => {
  const { program } = configurations[0];
  expect(program).toMatch(/\/scripts\/step\/main\.mjs$/);
  expect(scripts.step).toBe('node scripts/step.mjs');
  expect(readFileSync(join(root, 'scripts/step.mjs'), 'utf8')).toContain("'step/main.mjs'");
});

test('the twins are stepped through where the tour says so', () => {
  const adapters = configurations.map(({ args }) => args[args.indexOf('--adapter') + 1]);
  expect([adapters[1], adapters[4]]).toEqual(['reference', 'reference']);
  expect(configurations[2].args).not.toContain('--adapter');
});

test('the WGSL is stepped through where the tour says so, its files among those with maps', () => {
  const { args, outFiles } = configurations[5];
  expect(args).toContain('interpreter,seed=0');
  expect(outFiles.some((one) => one.endsWith('/dist/**/*.wgsl'))).toBe(true);
});

test('the parity case is there', () => {
  expect(existsSync(join(root, configurations[4].args[1], 'case.json'))).toBe(true);
});

test('compiled files say where their TypeScript is', () => {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8'));
  expect(compilerOptions).toMatchObject({ sourceMap: true, inlineSources: true });
});
