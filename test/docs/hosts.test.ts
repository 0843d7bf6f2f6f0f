import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Text files of the project; a copy without git has none to look through. */
function textFiles(): string[] {
  try {
    const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
    return listed.split('\0').filter((name) => name && !/\.(safetensors|pth?|mp4|webp|png|jpg|heic|bin)$/.test(name));
  } catch {
    return [];
  }
}

/** The text of a tracked file that may have been removed since. */
function textOf(name: string): string {
  try {
    return readFileSync(`${root}${name}`, 'utf8');
  } catch {
    return '';
  }
}

test('lock files name no registry, so that everybody installs from their own', () => {
  for (const name of ['package-lock.json', 'bench/peers/package-lock.json']) {
    const { packages } = JSON.parse(textOf(name)) as { packages: Record<string, { resolved?: string }> };
    expect(Object.keys(packages).length).toBeGreaterThan(1);
    expect(Object.values(packages).filter(({ resolved }) => resolved?.includes('//'))).toEqual([]);
  }
});

test('no file names the host of a package registry or a mirror', () => {
  const hosts = /\/\/(?:registry|deb|ftp|mirrors?|packages)\.[a-z0-9.-]+|\/\/[a-z0-9.-]+\/(?:npm|debian)\//;
  const named = textFiles().filter((name) => hosts.test(textOf(name)));
  expect(named).toEqual([]);
});
